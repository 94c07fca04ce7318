//! A server on a loopback address that speaks as much of S3 as the store asks for, and errs on command.
#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part")]

pub mod machine;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, Key, Position};
use bevy_session_objects::{Keys, ObjectReplica};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

pub const SECRET: &str = "s3cretSECRETs3cret";
pub const TOKEN: &str = "t0kenTOKENt0ken";

pub fn keys() -> Keys {
    Keys { id: "AKIDEXAMPLE".into(), secret: SECRET.into(), token: Some(TOKEN.into()) }
}

/// The first entry of a new session.
pub fn entry() -> Key {
    Key::Entry { session: SessionId::random(), epoch: Epoch(1), position: Position(1) }
}

/// A store on a server.
pub fn over(server: &FakeServer) -> ObjectReplica {
    let url = format!("s3://saves/arena?endpoint={}", server.url());
    ObjectReplica::s3_with_keys(&url, keys()).unwrap()
}

/// Everything that an error says.
pub fn said(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        write!(said, ": {error}").unwrap();
        source = error.source();
    }
    said
}

/// The manner in which a server answers.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    AsItShould,
    IgnoringConditions,
    /// Creates only what isn't there, and writes over whatever is.
    IgnoringMatches,
    /// As a bucket that keeps versions: its conditions hold, but for races.
    WithVersions,
    /// As Ceph's where versioning is suspended: a creation fails where a deletion has left its mark.
    WithDeletionMarks,
    /// Stamps what is created, and keeps no versions, as Cloudflare's does.
    Stamping,
    Everything(u16, &'static str),
    Creations(u16, &'static str),
    Listings(u16, &'static str),
    Reads(u16, &'static str),
    Deletions(u16, &'static str),
    /// Listings but for their first page.
    FurtherPages(u16, &'static str),
    /// Listings end in the middle.
    HalfListings,
    /// The next so many reads end in the middle.
    CutReads(u32),
    /// The next so many creations are done, and answered with this.
    TimesAfterTheWrite(u32, u16, &'static str),
    /// The next so many, of whatever kind.
    Times(u32, u16, &'static str),
    /// Does what is asked, and hangs up.
    CutAfterTheWrite,
    /// Keeps the connection, and says nothing.
    Never,
}

#[derive(Debug)]
struct State {
    answer: Answer,
    objects: BTreeMap<String, Vec<u8>>,
    /// The number of the write that made an object.
    writes: BTreeMap<String, u64>,
    written: u64,
    deleted: BTreeSet<String>,
    requests: BTreeMap<&'static str, u64>,
    /// Objects whose reads get this status, or no answer.
    unreadable: BTreeMap<String, Option<u16>>,
    /// The bytes of all objects that were read.
    read: usize,
    held: Vec<TcpStream>,
}

/// A server that is gone with the process.
#[derive(Clone, Debug)]
pub struct FakeServer {
    port: u16,
    state: Arc<Mutex<State>>,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

/// Holds back what is written over something.
#[derive(Debug, Default)]
struct Gate {
    /// It opens once so many wait.
    opens_for: usize,
    waiting: usize,
    passed: usize,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    is_conditional: bool,
    /// The tag that an object has to have.
    only: Option<String>,
    /// The tag of what needn't be sent.
    but_for: Option<String>,
    authorization: String,
    /// The token that goes along with a key that expires.
    token: Option<String>,
    /// The first byte that is asked for, and the last one.
    range: Option<(usize, Option<usize>)>,
    is_payload_signed: bool,
    body: Vec<u8>,
}

impl FakeServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            answer: Answer::AsItShould,
            objects: BTreeMap::new(),
            writes: BTreeMap::new(),
            written: 0,
            deleted: BTreeSet::new(),
            requests: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            read: 0,
            held: Vec::new(),
        };
        let server = Self { port, state: Arc::new(Mutex::new(state)), gate: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn answer_with(&self, answer: Answer) {
        self.lock().answer = answer;
    }

    /// Answers reads of an object with a status, or with nothing, or as it should again.
    pub fn answer_reads_of(&self, path: &str, answer: Option<Option<u16>>) {
        let unreadable = &mut self.lock().unreadable;
        match answer {
            Some(answer) => drop(unreadable.insert(path.to_owned(), answer)),
            None => drop(unreadable.remove(path)),
        }
    }

    /// The bytes of all objects that were read so far.
    pub fn bytes_read(&self) -> usize {
        self.lock().read
    }

    /// Removes all objects, as an operator who empties the bucket, or a rule that expires them.
    pub fn empty(&self) {
        self.lock().objects.clear();
    }

    pub fn objects(&self) -> usize {
        self.lock().objects.len()
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.lock().put(path, bytes);
    }

    /// The paths of objects that begin like this.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        let state = self.lock();
        state.objects.keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    }

    /// Holds back what is written over something, until so many wait at the same time.
    pub fn hold(&self, opens_for: usize) {
        let mut gate = self.gate.0.lock().unwrap();
        *gate = Gate { opens_for, ..Gate::default() };
    }

    /// Lets all pass that were held back, and waits until that is done. Returns their number.
    pub fn release(&self) -> usize {
        let (gate, changed) = &*self.gate;
        let mut gate = gate.lock().unwrap();
        gate.opens_for = 0;
        changed.notify_all();
        let gate = changed.wait_while(gate, |gate| gate.passed < gate.waiting).unwrap();
        gate.passed
    }

    /// Waits where something is held back.
    fn pass<T>(&self, act: impl FnOnce() -> T) -> T {
        let (gate, changed) = &*self.gate;
        let mut held = gate.lock().unwrap();
        if held.opens_for == 0 {
            drop(held);
            return act();
        }
        held.waiting += 1;
        if held.waiting >= held.opens_for {
            held.opens_for = 0;
            changed.notify_all();
        }
        drop(changed.wait_while(held, |gate| gate.opens_for > 0).unwrap());
        let done = act();
        gate.lock().unwrap().passed += 1;
        changed.notify_all();
        done
    }

    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.lock().objects.get(path).cloned()
    }

    /// All requests so far.
    pub fn requests(&self) -> u64 {
        self.lock().requests.values().sum()
    }

    /// The same by kind, as prices are.
    pub fn requests_of(&self, kind: &str) -> u64 {
        self.lock().requests.get(kind).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        while let Some(request) = read_request(&mut reader) {
            let answer = match request.only {
                Some(_) => self.pass(|| self.answer(&request)),
                None => self.answer(&request),
            };
            match answer {
                Some(bytes) if writer.write_all(&bytes).is_ok() && is_whole(&bytes, &request) => {}
                Some(_) => return,
                None => {
                    let mut state = self.lock();
                    if matches!(state.answer, Answer::Never) || !state.unreadable.is_empty() {
                        state.held.push(writer);
                    }
                    return;
                }
            }
        }
    }

    fn answer(&self, request: &Request) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let key = request.path.strip_prefix("/saves").unwrap_or(&request.path);
        let key = key.trim_start_matches('/').to_owned();
        let kind = match (&*request.method, key.is_empty()) {
            ("PUT", _) => "create",
            ("GET", true) => "list",
            ("GET" | "HEAD", _) => "read",
            _ => "delete",
        };
        *state.requests.entry(kind).or_default() += 1;
        let refusal = match (state.answer, kind) {
            _ if request.token.as_deref() == Some("") => Some((400, "InvalidToken")),
            (_, "create") if !request.is_payload_signed => Some((403, "UnsignedPayload")),
            (Answer::FurtherPages(status, code), "list")
                if request.query.contains_key("continuation-token") =>
            {
                Some((status, code))
            }
            (Answer::Everything(status, code), _)
            | (Answer::Creations(status, code), "create")
            | (Answer::Listings(status, code), "list")
            | (Answer::Reads(status, code), "read")
            | (Answer::Deletions(status, code), "delete") => Some((status, code)),
            (Answer::Times(times, status, code), _) if times > 0 => {
                state.answer = Answer::Times(times - 1, status, code);
                Some((status, code))
            }
            (Answer::Never, _) => return None,
            (_, "read") if state.unreadable.contains_key(&key) => {
                Some((state.unreadable[&key]?, "InternalError"))
            }
            _ => None,
        };
        if let Some((status, code)) = refusal {
            // What S3 says of a refused signature: the key's name, and everything that was signed.
            let body = format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId>\
                 <StringToSign>x-amz-security-token:t0kenTOKENt0ken {}</StringToSign></Error>",
                request.authorization
            );
            return Some(response(status, "", body.as_bytes(), request.method == "HEAD"));
        }
        let done = state.act(request, &key, kind);
        match (state.answer, kind) {
            (Answer::CutAfterTheWrite, "create") => None,
            (Answer::TimesAfterTheWrite(times, status, code), "create") if times > 0 => {
                state.answer = Answer::TimesAfterTheWrite(times - 1, status, code);
                let body = format!("<Error><Code>{code}</Code></Error>");
                Some(response(status, "", body.as_bytes(), false))
            }
            (Answer::CutReads(times), "read") if times > 0 => {
                state.answer = Answer::CutReads(times - 1);
                Some(done[..done.len() - 2].to_vec())
            }
            _ => Some(done),
        }
    }
}

impl State {
    fn put(&mut self, key: &str, bytes: &[u8]) {
        self.written += 1;
        self.writes.insert(key.to_owned(), self.written);
        self.objects.insert(key.to_owned(), bytes.to_vec());
    }

    /// The tag of an object, if it is there.
    fn tag(&self, key: &str) -> Option<String> {
        let number = self.writes.get(key).filter(|_| self.objects.contains_key(key))?;
        Some(format!("\"{number}\""))
    }

    fn read(&mut self, request: &Request, key: &str) -> Vec<u8> {
        let is_head = request.method == "HEAD";
        let (Some(bytes), Some(tag)) = (self.objects.get(key), self.tag(key)) else {
            return response(404, "", b"<Error><Code>NoSuchKey</Code></Error>", is_head);
        };
        if request.but_for.as_ref() == Some(&tag) {
            *self.requests.entry("same").or_default() += 1;
            return response(304, &format!("ETag: {tag}\r\n"), b"", true);
        }
        let version = match self.answer {
            Answer::WithVersions => "x-amz-version-id: 7\r\n",
            _ => "",
        };
        let headers =
            format!("ETag: {tag}\r\nLast-Modified: Wed, 25 Nov 2026 08:00:00 GMT\r\n{version}");
        let Some((from, to)) = request.range else {
            self.read += if is_head { 0 } else { bytes.len() };
            return response(200, &headers, bytes, is_head);
        };
        if from >= bytes.len() {
            return response(416, "", b"<Error><Code>InvalidRange</Code></Error>", false);
        }
        let end = to.map_or(bytes.len(), |to| bytes.len().min(to + 1));
        let range = format!("bytes {from}-{}/{}", end - 1, bytes.len());
        let headers = format!("{headers}Content-Range: {range}\r\n");
        self.read += end - from;
        response(206, &headers, &bytes[from..end], false)
    }

    fn act(&mut self, request: &Request, key: &str, kind: &str) -> Vec<u8> {
        match kind {
            "create" => {
                let ignores = matches!(self.answer, Answer::IgnoringConditions);
                let is_marked =
                    matches!(self.answer, Answer::WithDeletionMarks) && self.deleted.contains(key);
                let is_there = self.objects.contains_key(key) || is_marked;
                if request.is_conditional && is_there && !ignores {
                    let body = b"<Error><Code>PreconditionFailed</Code></Error>";
                    return response(412, "", body, false);
                }
                let is_meant = request.only.is_none() || request.only == self.tag(key);
                if !is_meant && !matches!(self.answer, Answer::IgnoringMatches) {
                    // As Amazon's.
                    let (status, code) = match is_there {
                        true => (412, "PreconditionFailed"),
                        false => (404, "NoSuchKey"),
                    };
                    let body = format!("<Error><Code>{code}</Code></Error>");
                    return response(status, "", body.as_bytes(), false);
                }
                self.put(key, &request.body);
                let tag = self.tag(key).unwrap();
                let version = match self.answer {
                    Answer::WithVersions | Answer::Stamping => "x-amz-version-id: 7\r\n",
                    _ => "",
                };
                response(200, &format!("ETag: {tag}\r\n{version}"), b"", false)
            }
            "list" => {
                let listing = self.list(&request.query);
                let is_half = matches!(self.answer, Answer::HalfListings);
                let len = if is_half { listing.len() / 2 } else { listing.len() };
                response(200, "", &listing.as_bytes()[..len], false)
            }
            "read" => self.read(request, key),
            _ => {
                self.objects.remove(key);
                self.deleted.insert(key.to_owned());
                response(204, "", b"", true)
            }
        }
    }

    fn list(&self, query: &BTreeMap<String, String>) -> String {
        let prefix = query.get("prefix").cloned().unwrap_or_default();
        let after = query.get("continuation-token").or(query.get("start-after"));
        let after = after.cloned().unwrap_or_default();
        let mut text = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
        let mut folders = BTreeSet::new();
        let mut count = 0;
        let mut last = String::new();
        let mut is_truncated = false;
        for (key, bytes) in self.objects.range(after.clone()..) {
            if *key == after || !key.starts_with(&prefix) {
                continue;
            }
            if count == 1_000 {
                is_truncated = true;
                break;
            }
            last.clone_from(key);
            let rest = &key[prefix.len()..];
            if let (Some(_), Some((folder, _))) = (query.get("delimiter"), rest.split_once('/')) {
                count += usize::from(folders.insert(folder.to_owned()));
                continue;
            }
            count += 1;
            write!(
                text,
                "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>2026-11-25T08:00:00.000Z</LastModified>\
                 <ETag>\"1\"</ETag></Contents>",
                bytes.len()
            )
            .unwrap();
        }
        for folder in folders {
            write!(text, "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>")
                .unwrap();
        }
        if is_truncated {
            write!(text, "<NextContinuationToken>{last}</NextContinuationToken>").unwrap();
        }
        write!(text, "<IsTruncated>{is_truncated}</IsTruncated></ListBucketResult>").unwrap();
        text
    }
}

/// Whether an answer has as many bytes as it says: otherwise the connection ends with it.
fn is_whole(answer: &[u8], request: &Request) -> bool {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length: usize = length.split_once("\r\n").unwrap().0.parse().unwrap();
    request.method == "HEAD" || answer.len() - end == length
}

fn response(status: u16, headers: &str, body: &[u8], is_head: bool) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n{headers}\r\n",
        if matches!(status, 204 | 304) { 0 } else { body.len() }
    )
    .into_bytes();
    if !is_head {
        bytes.extend_from_slice(body);
    }
    bytes
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut is_conditional, mut authorization) = (0, false, String::new());
    let (mut token, mut range, mut is_payload_signed) = (None, None, false);
    let (mut only, mut but_for) = (None, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match &*name.to_ascii_lowercase() {
            "content-length" => length = value.trim().parse().ok()?,
            "if-none-match" if value.trim() == "*" => is_conditional = true,
            "if-none-match" => but_for = Some(value.trim().to_owned()),
            "if-match" => only = Some(value.trim().to_owned()),
            "authorization" => authorization = value.trim().to_owned(),
            "x-amz-security-token" => token = Some(value.trim().to_owned()),
            "x-amz-content-sha256" => is_payload_signed = value.trim().len() == 64,
            "range" => {
                let (from, to) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
                range = Some((from.parse().ok()?, to.parse().ok()));
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let path = decoded(path);
    Some(Request {
        method,
        path,
        query,
        is_conditional,
        only,
        but_for,
        authorization,
        token,
        range,
        is_payload_signed,
        body,
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Everything that any library logs from now on, at every level.
pub fn log_everything() -> Arc<Mutex<String>> {
    let logged = Logged::default();
    let text = Arc::clone(&logged.0);
    tracing::subscriber::set_global_default(logged).unwrap();
    text
}

#[derive(Default)]
struct Logged(Arc<Mutex<String>>);

impl Logged {
    fn write(&self, value: impl std::fmt::Debug) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(text, "{value:?}").unwrap();
    }
}

impl Subscriber for Logged {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.write(values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.write(event);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
