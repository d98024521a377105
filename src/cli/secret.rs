//! The secret that the servers share: where it is read from, and when there must be one. While a
//! herd goes from one secret to another there are several.

use std::env;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use getopts::Matches;
use nix::unistd::{Gid, getegid, geteuid, getgroups};

use super::failure::Failure::{self, Wrong};
use crate::limits::LIMITS;
use crate::secret::{Secret, Secrets};
use crate::topology::Server;

/// How to make one.
pub(super) const RECIPE: &str = "(umask 077; head -c 32 /dev/urandom | base64 > secret)";

/// Reads the secret files, if any were given. The first secret of the first file is proved.
pub(super) fn chosen(matches: &Matches) -> Result<Option<Secrets>, String> {
    let files = matches.opt_strs("secret-file");
    if files.is_empty() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for file in &files {
        all.append(&mut secrets_of(file)?);
    }
    let (count, most) = (all.len(), LIMITS.secrets);
    let many = || format!("{count} secrets are too many; leave at most {most} in --secret-file");
    Secrets::new(all).map(Some).ok_or_else(many)
}

/// Reads the secret files of the server `name` again, for SIGHUP; none: none were given.
pub(super) fn reread(matches: &Matches, name: &str) -> Option<Result<Secrets, String>> {
    // A pipe is empty by now, and to open one may wait for its writer.
    let mut files = matches.opt_strs("secret-file").into_iter();
    let once = files.find(|file| fs::metadata(file).is_ok_and(|facts| !facts.is_file()));
    if let Some(file) = once {
        let why = format!("secret file {file} can be read once only; restart {name}");
        return Some(Err(why));
    }
    chosen(matches).transpose()
}

/// Reads a file with a password, which is as well kept as a secret: one line, without white space
/// at its end.
pub(super) fn password(file: &str) -> Result<Vec<u8>, String> {
    let bytes = guarded("password", file)?;
    let password = bytes.trim_ascii_end();
    let least = LIMITS.secret_min;
    match password {
        _ if password.len() < least => Err(format!(
            "password file {file}: it has fewer than {least} bytes; make one with {}",
            RECIPE.replace("secret", "password")
        )),
        _ if password.contains(&b'\n') => Err(format!(
            "password file {file}: it has several lines; leave one"
        )),
        _ => Ok(password.to_vec()),
    }
}

/// The bytes of a file that nobody else may read; errors call it a `what` file.
fn guarded(what: &str, file: &str) -> Result<Vec<u8>, String> {
    let wrong = |why: &str| format!("{what} file {file}: {why}; make one with {RECIPE}");
    let (facts, bytes) = read(file).map_err(|error| wrong(&error.to_string()))?;
    let kind = facts.file_type();
    if kind.is_char_device() || kind.is_block_device() {
        return Err(wrong("it is a device and not a file"));
    }
    let is_ours = || is_ours_alone(facts.gid());
    let others = facts.mode() & 0o077;
    if others != 0 && !(others == 0o040 && (is_credential(file) || is_ours())) {
        return Err(format!(
            "{what} file {file}: others may read it; chmod 600 {file}"
        ));
    }
    if bytes.len() > LIMITS.secret_file {
        return Err(wrong("it is too large"));
    }
    Ok(bytes)
}

/// The secrets in a file, each on a line. White space at the end of a line does not count.
fn secrets_of(file: &str) -> Result<Vec<Secret>, String> {
    let bytes = guarded("secret", file)?;
    let wrong = |what: &str| format!("secret file {file}: {what}; make one with {RECIPE}");
    let lines = bytes.trim_ascii_end().split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines.map(<[u8]>::trim_ascii_end).collect();
    let is_single = lines.len() == 1;
    let secret = |(number, line)| {
        Secret::new(line).ok_or_else(|| {
            let which = match is_single {
                true => "it".to_string(),
                false => format!("its line {number}"),
            };
            let least = LIMITS.secret_min;
            wrong(&format!("{which} has fewer than {least} bytes"))
        })
    };
    let lines = (1..).zip(lines);
    let given = lines.filter(|(_, line)| is_single || !line.is_empty());
    given.map(secret).collect()
}

/// The facts of a file and its bytes; of a file that is too large, one more than may be.
fn read(file: &str) -> io::Result<(Metadata, Vec<u8>)> {
    let (open, mut bytes) = (File::open(file)?, Vec::new());
    let facts = open.metadata()?;
    open.take(LIMITS.secret_file as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((facts, bytes))
}

/// Whether it is a credential of systemd's (`LoadCredential=`). An access list lets our user read
/// it, and what looks like the rights of root's group is the mask of that list (acl(5)).
fn is_credential(file: &str) -> bool {
    let directory = env::var_os("CREDENTIALS_DIRECTORY");
    directory.is_some_and(|it| Path::new(file).parent() == Some(Path::new(&it)))
}

/// Whether a group is one of ours and, as far as this machine knows, nobody else's: Kubernetes
/// gives the files of a secret to a group that only the processes of a pod have (fsGroup). Root's
/// own group is often given to others.
fn is_ours_alone(group: u32) -> bool {
    let [users, groups] = ["/etc/passwd", "/etc/group"].map(rows);
    let field = |row: &[String], place: usize| row.get(place)?.parse().ok();
    let is_us = |user: &&Vec<String>| field(user, 2) == Some(geteuid().as_raw());
    let our_names: Vec<&String> = users.iter().filter(is_us).map(|it| &it[0]).collect();
    let is_shared = |entry: &Vec<String>| {
        let mut members = entry.get(3).map_or("", String::as_str).split(',');
        let is_other = |name| !our_names.iter().any(|ours| *ours == name);
        field(entry, 2) == Some(group) && members.any(|it| !it.is_empty() && is_other(it))
    };
    let mut others = users.iter().filter(|it| !is_us(it));
    let is_ours = getegid().as_raw() == group
        || getgroups().is_ok_and(|all| all.contains(&Gid::from_raw(group)));
    let is_alone = !others.any(|it| field(it, 3) == Some(group)) && !groups.iter().any(is_shared);
    group != 0 && is_ours && is_alone
}

/// The lines of a file of the system's, cut at colons.
fn rows(path: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let row = |line: &str| line.split(':').map(String::from).collect();
    text.lines().map(row).collect()
}

/// Refuses a server that anybody on the network could feed with false news, unless there is a
/// secret or somebody wants it so.
pub(super) fn guard(server: &Server, is_guarded: bool) -> Result<(), Failure> {
    match is_guarded || server.listens_on().is_loopback() {
        true => Ok(()),
        false => Err(wanted(server)),
    }
}

/// It needs a secret.
pub(super) fn wanted(server: &Server) -> Failure {
    Wrong(format!(
        "{} would listen on {}, where anybody can pose as a neighbour; make a secret with {RECIPE} \
         and give it to every server with --secret-file secret (or say --insecure)",
        server.name,
        server.listens_on()
    ))
}
