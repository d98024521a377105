//! Bytes for people.

/// Bytes as stories and ladders show them: escaped, and a long run of one byte as `<x*8192>`.
pub fn shown(bytes: &[u8]) -> String {
    const RUN_MIN: usize = 40;
    let mut out = String::new();
    for run in bytes.chunk_by(|one, next| one == next) {
        let byte = run[0];
        let text = match byte {
            b'"' | b'\'' => char::from(byte).to_string(),
            0 => "\\0".into(),
            _ => byte.escape_ascii().to_string(),
        };
        if run.len() >= RUN_MIN {
            out.push_str(&format!("<{text}*{}>", run.len()));
        } else {
            out.push_str(&text.repeat(run.len()));
        }
    }
    out
}
