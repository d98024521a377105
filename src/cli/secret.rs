//! The secret that the servers share: where it is read from, and when there must be one. While a
//! herd goes from one secret to another there are several.

use std::env;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use crate::limits::Limits;
use crate::node::{SECRET_BYTES_MIN, Secret, Secrets};
use crate::topology::Server;

/// How to make one.
pub(super) const RECIPE: &str = "(umask 077; head -c 32 /dev/urandom | base64 > secret)";
const FILE_BYTES_MAX: usize = Limits::PRODUCT.secret_file;

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
    let (count, most) = (all.len(), Limits::PRODUCT.secrets);
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

/// The secrets in a file, each on a line. White space at the end of a line does not count.
fn secrets_of(file: &str) -> Result<Vec<Secret>, String> {
    let wrong = |what: &str| format!("secret file {file}: {what}; make one with {RECIPE}");
    let (facts, bytes) = read(file).map_err(|error| wrong(&error.to_string()))?;
    let is_ours = || is_ours_alone(facts.gid(), &system_file("/proc/self/status"));
    let others = facts.mode() & 0o077;
    if others != 0 && !(others == 0o040 && (is_credential(file) || is_ours())) {
        return Err(format!(
            "secret file {file}: others may read it; chmod 600 {file}"
        ));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(wrong("it is too large"));
    }
    let lines = bytes.trim_ascii_end().split(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = lines.map(<[u8]>::trim_ascii_end).collect();
    let is_single = lines.len() == 1;
    let secret = |(number, line)| {
        Secret::new(line).ok_or_else(|| {
            let which = match is_single {
                true => "it".to_string(),
                false => format!("its line {number}"),
            };
            wrong(&format!("{which} has fewer than {SECRET_BYTES_MIN} bytes"))
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
    open.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((facts, bytes))
}

/// Whether it is a credential of systemd's (`LoadCredential=`). An access list lets our user read
/// it, and what looks like the rights of root's group is the mask of that list (acl(5)).
fn is_credential(file: &str) -> bool {
    let directory = env::var_os("CREDENTIALS_DIRECTORY");
    directory.is_some_and(|it| Path::new(file).parent() == Some(Path::new(&it)))
}

fn system_file(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether a group is one of ours and, as far as this machine knows, nobody else's: Kubernetes
/// gives the files of a secret to a group that only the processes of a pod have (fsGroup). `status`
/// is proc_pid_status(5). Root's own group is often given to others.
fn is_ours_alone(group: u32, status: &str) -> bool {
    let numbers = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let words = line.unwrap_or_default().split_whitespace();
        words.filter_map(|it| it.parse().ok()).collect::<Vec<u32>>()
    };
    let our_groups = [numbers("Gid:"), numbers("Groups:")].concat();
    let (users, groups) = (system_file("/etc/passwd"), system_file("/etc/group"));
    let users = || {
        users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
    };
    let field = |it: &[&str], place: usize| it.get(place)?.parse::<u32>().ok();
    let is_us = |it: &Vec<&str>| field(it, 2).is_some_and(|user| numbers("Uid:").contains(&user));
    let our_names: Vec<&str> = users().filter(is_us).map(|it| it[0]).collect();
    let mut others = users().filter(|it| field(it, 3) == Some(group) && !is_us(it));
    let entries = groups
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let mut entries = entries.filter(|it| field(it, 2) == Some(group));
    let has_others = |it: Vec<&str>| {
        let mut members = it.get(3).copied().unwrap_or_default().split(',');
        members.any(|member| !member.is_empty() && !our_names.contains(&member))
    };
    let is_shared = others.next().is_some() || entries.any(has_others);
    group != 0 && our_groups.contains(&group) && !is_shared
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
