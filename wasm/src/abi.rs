//! The plain door: exports that any WebAssembly host can call, without JavaScript.
//!
//! 1. `idm_alloc(len)` lends `len` bytes of the module's memory (0: there is no room).
//! 2. The host writes a [bundle](crate::bundle) there.
//! 3. `idm_audit(ptr, len)` returns the envelope: its address in the upper and its length in the
//!    lower 32 bits. It is UTF-8.
//! 4. `idm_free(ptr, len)` gives back the bundle, and then the envelope.
//!
//! A module with the feature `simulation` has `idm_simulate(number, seed)`: the fingerprint of a
//! simulation as 32 hexadecimal digits, lent like an envelope.

use std::ptr;

/// Lends `len` zeroed bytes; 0 if there is no room.
#[expect(unsafe_code, reason = "exports one name; no other item of the module is called so")]
// SAFETY: the name is unique in the module.
#[unsafe(no_mangle)]
extern "C" fn idm_alloc(len: usize) -> *mut u8 {
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(len).is_err() {
        return ptr::null_mut();
    }
    bytes.resize(len, 0);
    lend(bytes)
}

/// Takes back what [`idm_alloc`] and the others lent.
///
/// # Safety
///
/// `ptr` and `len` must be a pair that one of them returned and that was not given back.
#[expect(unsafe_code, reason = "the host names the memory by its address")]
// SAFETY: the name is unique in the module.
#[unsafe(no_mangle)]
unsafe extern "C" fn idm_free(ptr: *mut u8, len: usize) {
    // SAFETY: the caller promises that the pair came from `lend`, which made it from a boxed slice
    // of this length.
    drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(ptr, len)) });
}

/// Audits the bundle at `ptr` and lends the envelope.
///
/// # Safety
///
/// `ptr` and `len` must be a pair that [`idm_alloc`] returned and that was not given back.
#[cfg(feature = "audit")]
#[expect(unsafe_code, reason = "the host names the memory by its address")]
// SAFETY: the name is unique in the module.
#[unsafe(no_mangle)]
unsafe extern "C" fn idm_audit(ptr: *const u8, len: usize) -> u64 {
    // SAFETY: the caller promises that `len` bytes from `ptr` on are lent, hence initialized, and
    // nobody changes them while this function runs: a module has one thread.
    let bytes = unsafe { std::slice::from_raw_parts(ptr, len) };
    lend_text(crate::bundle::audit(bytes).envelope())
}

/// Runs a simulation of [`crate::simulation`] and lends its fingerprint; an empty text if there is
/// none of this number.
#[cfg(feature = "simulation")]
#[expect(unsafe_code, reason = "exports one name; no other item of the module is called so")]
// SAFETY: the name is unique in the module.
#[unsafe(no_mangle)]
extern "C" fn idm_simulate(number: u32, seed: u64) -> u64 {
    let fingerprint = crate::simulation::run(number, seed);
    lend_text(fingerprint.map_or_else(String::new, |fingerprint| fingerprint.to_string()))
}

/// Lends a text: its address in the upper and its length in the lower 32 bits.
fn lend_text(text: String) -> u64 {
    let bytes = text.into_bytes();
    let len = bytes.len() as u64;
    (lend(bytes).addr() as u64) << 32 | len
}

/// Leaks the bytes with capacity = length, which is what [`idm_free`] counts on.
fn lend(bytes: Vec<u8>) -> *mut u8 {
    Box::into_raw(bytes.into_boxed_slice()).cast()
}
