//! Jupyter messages on the wire (protocol 5.4): frames, signature, header. Content stays JSON, so nothing is lost.

use crate::clock;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use zeromq::ZmqMessage;

const DELIMITER: &[u8] = b"<IDS|MSG>";
const PROTOCOL_VERSION: &str = "5.4";

/// Why frames are not a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("a message without {0}")]
    Incomplete(&'static str),
    #[error("a message with a wrong signature")]
    Signature,
    #[error("a message that is not JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// A message's header. Also its parent's header, which may be empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Header {
    #[serde(default)]
    pub msg_id: String,
    #[serde(default)]
    pub msg_type: String,
    #[serde(default)]
    pub session: String,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub date: String,
    #[serde(default)]
    pub version: String,
}

/// A message that came from a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub header: Header,
    pub parent: Header,
    pub content: Value,
    /// How many bytes the content was on the wire.
    pub content_length: usize,
    pub buffers: Vec<Bytes>,
}

/// The key that messages of one kernel are signed with, and the session that requests belong to.
#[derive(Clone)]
pub(crate) struct Signer {
    mac: Hmac<Sha256>,
    session: String,
}

impl Signer {
    pub fn new(key: &str, session: &str) -> Self {
        // HMAC takes keys of any length; its constructor alone can't say so.
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
            .unwrap_or_else(|_| Hmac::new(&Default::default()));
        Self {
            mac,
            session: session.to_owned(),
        }
    }

    /// A request's id and frames.
    pub fn request(&self, msg_type: &str, content: &Value) -> Result<(String, ZmqMessage), Error> {
        self.message(msg_type, content, None)
    }

    /// The id and frames of a message, which may have a parent.
    pub fn message(
        &self,
        msg_type: &str,
        content: &Value,
        parent: Option<&Header>,
    ) -> Result<(String, ZmqMessage), Error> {
        let msg_id = uuid::Uuid::new_v4().to_string();
        let header = Header {
            msg_id: msg_id.clone(),
            msg_type: msg_type.to_owned(),
            session: self.session.clone(),
            username: "nbjobs".to_owned(),
            date: clock::now().to_string(),
            version: PROTOCOL_VERSION.to_owned(),
        };
        let empty = json!({});
        let parts = [
            serde_json::to_vec(&header)?,
            parent.map_or_else(|| Ok(empty.to_string().into()), serde_json::to_vec)?,
            empty.to_string().into(),
            serde_json::to_vec(content)?,
        ];
        let mut mac = self.mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        let signature = hex::encode(mac.finalize().into_bytes());
        let mut frames = ZmqMessage::from(Bytes::from_static(DELIMITER));
        frames.push_back(signature.into());
        parts
            .into_iter()
            .for_each(|part| frames.push_back(part.into()));
        Ok((msg_id, frames))
    }

    /// The message in these frames, its signature verified.
    pub fn read(&self, frames: ZmqMessage) -> Result<Message, Error> {
        let frames = frames.into_vec();
        let start = frames
            .iter()
            .position(|frame| frame[..] == *DELIMITER)
            .ok_or(Error::Incomplete("delimiter"))?
            + 1;
        let [signature, header, parent, metadata, content, buffers @ ..] = &frames[start..] else {
            return Err(Error::Incomplete("all its parts"));
        };
        let mut mac = self.mac.clone();
        [header, parent, metadata, content]
            .into_iter()
            .for_each(|part| mac.update(part));
        let signature = hex::decode(signature).map_err(|_| Error::Signature)?;
        mac.verify_slice(&signature).map_err(|_| Error::Signature)?;
        Ok(Message {
            header: serde_json::from_slice(header)?,
            // Some kernels send no parent, or one with odd fields.
            parent: serde_json::from_slice(parent).unwrap_or_default(),
            content: crate::json::from_slice(content)?,
            content_length: content.len(),
            buffers: buffers.to_vec(),
        })
    }
}

impl Message {
    /// `header.msg_type`.
    pub fn kind(&self) -> &str {
        &self.header.msg_type
    }

    /// Takes a field out of the content; null when there is none.
    pub fn take(&mut self, field: &str) -> Value {
        let value = self.content.get_mut(field).map(Value::take);
        value.unwrap_or_default()
    }

    /// A text field of the content, empty when there is none.
    pub fn text(&self, field: &str) -> &str {
        self.content
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// Whether this is the `status: idle` that ends a request.
    pub fn is_idle(&self) -> bool {
        self.kind() == "status" && self.text("execution_state") == "idle"
    }

    /// Whether what runs the kernel says that it starts it anew, so that its variables are gone. (`starting` says
    /// nothing: ipykernel may publish that of its first start after it has answered.)
    pub fn is_restart(&self) -> bool {
        self.kind() == "status" && self.text("execution_state") == "restarting"
    }
}
