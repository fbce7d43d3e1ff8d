//! Labels that the `ipa` command translates.
//!
//! Labels and summaries follow the client's language; host names, role names, statuses and
//! directions never do. A translation is complete for no language, so one output mixes labels of
//! two. French labels hold no-break spaces; they count as blanks here.
//!
//! Source: FreeIPA `po/*.po`, the 19 languages that translate one of these.

/// A label as `ipa` prints it in English, with its translations.
///
/// In a pattern, `{}` stands for the value that is printed in its place.
type Row = (&'static str, &'static [&'static str]);

/// True if a printed label is this English one: in any letter case, or in another language.
///
/// ```
/// use audit_core::parse::labels;
///
/// assert!(labels::is("left node", "Left node"));
/// assert!(labels::is("Nœud de gauche", "Left node"));
/// assert!(labels::is("Serveurs KRA\u{a0}IPA", "IPA KRA servers"));
/// assert!(!labels::is("Right node", "Left node"));
/// ```
pub fn is(label: &str, english: &str) -> bool {
    let label = label.trim();
    // English output is the rule, and long: its labels are told apart by their lengths.
    let ascii = label.is_ascii();
    let same = |other: &str| {
        if ascii { label == other } else { blanks_alike(label).eq(other.chars()) }
    };
    label.eq_ignore_ascii_case(english) || translations(english).iter().any(|other| same(other))
}

/// What a text has in place of the pattern's `{}`, in English or another language; `None` if it is
/// another text.
///
/// ```
/// use audit_core::parse::labels;
///
/// let level = "Current domain level: {}";
/// assert_eq!(labels::value("Current domain level: 1", level).as_deref(), Some("1"));
/// assert_eq!(labels::value("Niveau actuel du domaine\u{a0}: 1", level).as_deref(), Some("1"));
/// assert_eq!(labels::value("1 segment matched", level), None);
/// ```
pub fn value(text: &str, pattern: &str) -> Option<String> {
    let text: String = blanks_alike(text.trim()).collect();
    std::iter::once(&pattern).chain(translations(pattern)).find_map(|pattern| {
        let (before, behind) = pattern.split_once("{}")?;
        let value = text.strip_prefix(before)?.strip_suffix(behind)?;
        Some(value.trim().to_owned())
    })
}

fn translations(english: &str) -> &'static [&'static str] {
    match TRANSLATIONS.binary_search_by_key(&english, |(label, _)| label) {
        Ok(at) => TRANSLATIONS.get(at).map_or(&[], |(_, others)| others),
        Err(_) => &[],
    }
}

fn blanks_alike(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if matches!(c, '\u{a0}' | '\u{202f}') { ' ' } else { c })
}

/// Sorted by the English label.
#[rustfmt::skip]
const TRANSLATIONS: &[Row] = &[
    ("Connectivity", &[
        "Konektivita",
        "Connectivité",
        "Konektivitas",
        "დაკავშირება",
        "Conectividade",
        "Возможность подключения",
        "Anslutningsmöjligheter",
        "Можливість з’єднання",
        "连接",
    ]),
    ("Current domain level: {}", &[
        "Stávající úroveň domény: {}",
        "Aktuelles Domain Level: {}",
        "Niveau actuel du domaine : {}",
        "Tingkat domain saat ini: {}",
        "მიმდინარე დომენის დონე: {}",
        "Nível de domínio atual: {}",
        "Текущий уровень домена: {}",
        "Aktuell domännivå: {}",
        "Поточний рівень домену: {}",
        "当前域级别： {}",
    ]),
    ("Enabled server roles", &[
        "Zapnuté role serveru",
        "Rolkes de servidor habilitados",
        "Rôles serveur activés",
        "Peran server yang diaktifkan",
        "Funções de servidor ativadas",
        "Включены роли сервера",
        "Aktiverade serverroller",
        "Увімкнені ролі сервера",
        "已启用服务器角色",
    ]),
    ("Hidden IPA CA servers", &[
        "დამალული IPA CA სერვერები",
        "Servidores CA IPA escondidos",
        "Скрытые серверы CA IPA",
        "Dolda IPA CA-servrar",
        "Приховані сервери CA IPA",
    ]),
    ("Hidden IPA DNS servers", &[
        "დამალული IPA DNS სერვერები",
        "Servidores DNS do IPA escondidos",
        "Скрытые DNS-серверы IPA",
        "Dolda IPA DNS-servrar",
        "Приховані сервери DNS IPA",
    ]),
    ("Hidden IPA KRA servers", &[
        "დამალული IPA KRA სერვერები",
        "Servidores KRA do IPA escondidos",
        "Скрытые KRA-серверы IPA",
        "Dolda IPA KRA-servrar",
        "Приховані сервери KRA IPA",
    ]),
    ("Hidden IPA masters", &[
        "Mestres IPA escondidos",
        "Скрытые главные IPA-серверы",
        "Dolda IPA-mästare",
        "Приховані основні сервери IPA",
    ]),
    ("IPA CA renewal master", &[
        "Maître de renouvellement d'AC IPA",
        "Mestre de renovação CA IPA",
        "Главный сервер обновления CA IPA",
        "IPA CA-förnyelsehandbok",
        "Основних вузол відновлення CA IPA",
        "IPA CA更新主服务器",
    ]),
    ("IPA CA servers", &[
        "IPA:n CA-palvelimet",
        "Serveurs d'AC IPA",
        "Server CA IPA",
        "IPCA CA სერვერები",
        "Servidores CA IPA",
        "Серверы CA IPA",
        "IPA CA-servrar",
        "Сервери CA IPA",
        "IPA CA服务器",
    ]),
    ("IPA DNS servers", &[
        "IPA DNS servery",
        "Servidores IPA DNS",
        "IPA:n DNS-palvelimet",
        "Serveurs DNS IPA",
        "Server DNS IPA",
        "IPA DNS სერვერები",
        "Servidores DNS do IPA",
        "DNS-серверы IPA",
        "IPA DNS-servrar",
        "Сервери DNS IPA",
        "IPA DNS服务器",
    ]),
    ("IPA DNSSec key master", &[
        "Clave maestra IPA DNSSec",
        "Maître des clés DNSSec IPA",
        "IPA DNSSec გასაღების მთავარი სერვერი",
        "mestre de chave DNSSec de IPA",
        "Мастер ключей DNSSec IPA",
        "IPA DNSSec-nyckelmaster",
        "Основний сервер ключів DNSSec IPA",
        "IPA DNSSec密钥主机",
    ]),
    ("IPA KRA servers", &[
        "IPA KRA servery",
        "IPA:n KRA-palvelimet",
        "Serveurs KRA IPA",
        "Server KRA IPA",
        "IPA KRA სერვერები",
        "Servidores KRA IPA",
        "KRA-серверы IPA",
        "IPA KRA-servrar",
        "Сервери KRA IPA",
        "IPA KRA服务器",
    ]),
    ("IPA master capable of PKINIT", &[
        "IPA Master mit Fähigkeit für PKINIT",
        "Mestre IPA com capacidade de PKINIT",
        "Главный IPA-сервер с поддержкой PKINIT",
        "IPA-master med PKINIT-kapacitet",
        "Основний IPA з можливістю PKINIT",
    ]),
    ("IPA masters", &[
        "IPA-mestarit",
        "Maîtres IPA",
        "IPA ძირითადი სერვერები",
        "Mestres IPA",
        "Главные IPA-серверы",
        "IPA-mästare",
        "Основні вузли IPA",
        "IPA主服务器",
    ]),
    ("Left node", &[
        "Nœud de gauche",
        "Node kiri",
        "მარცხენა კვანძი",
        "왼쪽 노드",
        "Nó esquerdo",
        "Левый узел",
        "Vänster nod",
        "Лівий вузол",
        "左节点",
    ]),
    ("Location", &[
        "Ubicació",
        "Umístění",
        "Ort",
        "Ubicación",
        "Sijainti",
        "Emplacement",
        "Lokasi",
        "მდებარეობა",
        "ಸ್ಥಳ",
        "위치",
        "Położenie",
        "Localização",
        "Расположение",
        "Plats",
        "Макон",
        "Запис",
        "位置",
    ]),
    ("Managed LDAP suffix DN", &[
        "DN přípony spravovaného LDAP",
        "DN du suffixe LDAP administré",
        "DN sufiks LDAP yang dikelola",
        "DN de sufixo LDAP gerido",
        "DN управляемого суффикса LDAP",
        "Hanterad LDAP-suffix-DN",
        "DN керованого суфікса LDAP",
        "已管理的LDAP后缀DN",
    ]),
    ("Managed suffixes", &[
        "Sufijos gestionados",
        "Suffixes administrés",
        "Suffiks yang dikelola",
        "მართული სუფიქსები",
        "Sufixos geridos",
        "Управляемые суффиксы",
        "Hanterade suffix",
        "Керовані суфікси",
        "已管理的后缀",
    ]),
    ("Max domain level", &[
        "Nivel de dominio Max",
        "Niveau de domaine maxi",
        "Tingkat domain maksimum",
        "Máximo nível de domínio",
        "Макс. уровень домена",
        "Maximal domännivå",
        "Макс. рівень домену",
        "最高域级别",
    ]),
    ("Min domain level", &[
        "Nivel de dominio Min",
        "Niveau de domaine mini",
        "Tingkat domain minimum",
        "Mínimo nível de domínio",
        "Мин. уровень домена",
        "Min domännivå",
        "Мін. рівень домену",
        "最低域级别",
    ]),
    ("Number of entries returned {}", &[
        "Anzahl der zurückgegebenen Einträge {}",
        "Cantidad de entradas devueltas {}",
        "Nombre d'entrées renvoyées {}",
        "Jumlah entri yang dikembalikan {}",
        "დაბრუნებული შედეგების რაოდენობა {}",
        "반환된 항목의 수 {}",
        "Número de entradas retornado {}",
        "Количество возвращённых записей {}",
        "Počet vrátených položiek {}",
        "Antal träffar {}",
        "Döndürülen girdi sayısı {}",
        "Кількість повернутих записів {}",
        "返回的条目数 {}",
    ]),
    ("Replication topology of suffix \"{}\" is in order.", &[
        "La repica de la topologia de sufijo \"{}\" está en orden.",
        "La topologie de réplication du suffixe « {} » est en ordre.",
        "Topologi replikasi untuk sufiks \"{}\" sudah teratur.",
        "접미사 \"{}\"의 복제 형상 순서입니다.",
        "Topologia de replicação de sufixo \"{}\" esta em ordem.",
        "Топология репликации суффикса \"{}\" соответствует требованиям.",
        "Replikeringstopologin för suffixet \"{}\" är i ordning.",
        "Топологія реплікації суфікса «{}» у порядку.",
        "复制拓扑的后缀\"{}\"是按序的。",
    ]),
    ("Right node", &[
        "Uzel oprávnění",
        "Nœud de droite",
        "Simpul kanan",
        "მარჯვენა კვანძი",
        "Nó direito",
        "Правый узел",
        "Höger nod",
        "Правий вузол",
        "右节点",
    ]),
    ("Role name", &[
        "Název role",
        "Rollenname",
        "Nombre de rol",
        "Nom du rôle",
        "Nama peran",
        "როლის სახელი",
        "역할 이름",
        "Nome de função",
        "Имя роли",
        "Názov role",
        "Rollens namn",
        "Назва ролі",
        "角色名",
    ]),
    ("Role status", &[
        "Estado rol",
        "État du rôle",
        "Status peran",
        "როლის სტატუსი",
        "Estado de função",
        "Состояние роли",
        "Rollstatus",
        "Стан ролі",
        "角色状态",
    ]),
    ("Segment name", &[
        "Nom de segment",
        "Nama segmen",
        "სეგმენტის სახელი",
        "Nome de segmento",
        "Имя сегмента",
        "Segmentnamn",
        "Назва сегмента",
        "段名称",
    ]),
    ("Server name", &[
        "Název serveru",
        "Servername",
        "Nombre del servidor",
        "Palvelimen nimi",
        "Nom du serveur",
        "Nama server",
        "სერვერი სახელი",
        "Nome do servidor",
        "Имя сервера",
        "Servernamn",
        "Sunucu adı",
        "Назва сервера",
        "服务名称",
    ]),
    ("Service weight", &[
        "Váha služby",
        "Peso del servicio",
        "Poids du service",
        "Bobot layanan",
        "სერვისის წონა",
        "Peso do serviço",
        "Вес служб",
        "Tjänstevikt",
        "Вага служб",
    ]),
    ("Suffix name", &[
        "Nom du suffixe",
        "Nama akhiran (suffix)",
        "სუფიქსის სახელი",
        "Nome de sufixo",
        "Имя суффикса",
        "Suffixnamn",
        "Назва суфікса",
        "后缀名称",
    ]),
];
