//! The AWS query protocol, as STS and IAM speak it, and EC2's variant of it: a form comes in, XML goes out. Must not know any operation.

use std::fmt::Write as _;

use http::{Response, StatusCode, header};
use percent_encoding::percent_decode;

use crate::error::ErrorShape;
use crate::request_id::{self, RequestId};

/// Content type of answers.
pub const CONTENT_TYPE: &str = "text/xml";

/// Most fields that a form may have. AWS's own longest query calls stay under this.
pub const FIELDS_MAX: usize = 1000;

/// Fields of the protocol itself.
const PROTOCOL_FIELDS: [&str; 2] = ["Action", "Version"];

/// The fields of a request, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` bytes: a body, or the query string of a GET.
    pub fn parse(bytes: &[u8]) -> Result<Self, ErrorShape> {
        let mut fields = Vec::new();
        for pair in bytes.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS_MAX {
                return Err(malformed(format!(
                    "the form has more than {FIELDS_MAX} fields"
                )));
            }
            let equals = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
            let value = pair.get(equals + 1..).unwrap_or_default();
            fields.push((decode(&pair[..equals])?, decode(value)?));
        }
        Ok(Self { fields })
    }

    /// The value of a field, or none when it is absent or empty, which AWS treats the same.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self
            .fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// The values of a field that may come more than once.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a field that must be there.
    pub fn require(&self, name: &str) -> Result<&str, ErrorShape> {
        self.get(name).ok_or_else(|| {
            ErrorShape::bad_request(
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// The operation that is asked for.
    pub fn action(&self) -> Result<&str, ErrorShape> {
        self.get("Action").ok_or_else(|| {
            ErrorShape::bad_request(
                "MissingAction",
                "The request must contain the parameter Action",
            )
        })
    }

    /// Refuses, by name, a field that is not one of these; those of the protocol itself are always allowed. A field is
    /// honoured or refused, never ignored.
    pub fn allow(&self, names: &[&str]) -> Result<(), ErrorShape> {
        self.allow_ec2(names, &[])
    }

    /// The same with lists in EC2's form: `name.1`, `name.2.Name` ….
    pub fn allow_ec2(&self, names: &[&str], lists: &[&str]) -> Result<(), ErrorShape> {
        let known = |field: &str| {
            let list = field.split_once('.').map(|(list, _)| list);
            PROTOCOL_FIELDS.contains(&field)
                || field.starts_with("X-Amz-")
                || names.contains(&field)
                || list.is_some_and(|list| lists.contains(&list))
        };
        match self.fields.iter().find(|(name, _)| !known(name)) {
            Some((name, _)) => Err(ErrorShape::bad_request(
                "InvalidParameterValue",
                format!("The parameter {name} is not supported"),
            )),
            None => Ok(()),
        }
    }

    /// The values of a list in EC2's form: `name.1`, `name.2` …, in the order of their numbers.
    pub fn numbered(&self, name: &str) -> Vec<&str> {
        self.values(&format!("{name}."))
    }

    /// The values of a list: `name.member.1`, `name.member.2` …, in the order of their numbers.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.values(&format!("{name}.member."))
    }

    fn values(&self, prefix: &str) -> Vec<&str> {
        let mut members: Vec<(u32, &str)> = self
            .fields
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(prefix)?;
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        members.sort_by_key(|(number, _)| *number);
        members.into_iter().map(|(_, value)| value).collect()
    }
}

/// The error for an action that a service has and we don't.
pub fn invalid_action(service: &str, action: &str) -> ErrorShape {
    ErrorShape::bad_request(
        "InvalidAction",
        format!("{action} of {service} is not implemented by nbjobs"),
    )
}

fn malformed(message: impl Into<String>) -> ErrorShape {
    ErrorShape::bad_request("MalformedQueryString", message)
}

fn decode(bytes: &[u8]) -> Result<String, ErrorShape> {
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|&b| if b == b'+' { b' ' } else { b })
        .collect();
    let text = percent_decode(&spaced).decode_utf8();
    text.map(|text| text.into_owned())
        .map_err(|_| malformed("the form is not UTF-8"))
}

/// An XML element with a text or with children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Children(Vec<Element>),
}

impl Element {
    /// An element with a text.
    pub fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            content: Content::Text(text.into()),
        }
    }

    /// An element with children.
    pub fn parent(name: &'static str, children: impl IntoIterator<Item = Element>) -> Self {
        Self {
            name,
            content: Content::Children(children.into_iter().collect()),
        }
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        out.push('>');
        match &self.content {
            Content::Text(text) => escape(text, out),
            Content::Children(children) => children.iter().for_each(|child| child.write(out)),
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            // XML 1.0 has no way to write the other control characters.
            c if c.is_control() && !matches!(c, '\t' | '\n') => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// The answer of an operation: `<{action}Response xmlns=…><{action}Result>…</…><ResponseMetadata>…`. `namespace` is the
/// service's, such as `https://sts.amazonaws.com/doc/2011-06-15/`.
pub fn response(
    action: &str,
    namespace: &str,
    result: &[Element],
    id: &RequestId,
) -> Response<Vec<u8>> {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\"><{action}Result>");
    result.iter().for_each(|element| element.write(&mut xml));
    let _ = write!(
        xml,
        "</{action}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>"
    );
    let _ = write!(xml, "</{action}Response>");
    with_body(StatusCode::OK, xml, id)
}

/// The answer of an operation of EC2, whose results stand in the answer itself.
pub fn ec2_response(
    action: &str,
    namespace: &str,
    result: &[Element],
    id: &RequestId,
) -> Response<Vec<u8>> {
    let mut xml = format!("<{action}Response xmlns=\"{namespace}\"><requestId>{id}</requestId>");
    result.iter().for_each(|element| element.write(&mut xml));
    let _ = write!(xml, "</{action}Response>");
    with_body(StatusCode::OK, xml, id)
}

/// The error as EC2 tells it: `<Response><Errors><Error><Code>…</Code><Message>…`.
pub fn ec2_error_response(error: &ErrorShape, id: &RequestId) -> Response<Vec<u8>> {
    let children = [
        Element::text("Code", error.code.clone()),
        Element::text("Message", error.message.clone()),
    ];
    let mut xml = String::from("<Response>");
    Element::parent("Errors", [Element::parent("Error", children)]).write(&mut xml);
    let _ = write!(xml, "<RequestID>{id}</RequestID></Response>");
    with_body(error.status, xml, id)
}

/// The error as `<ErrorResponse><Error><Type>…</Type><Code>…</Code><Message>…`.
pub fn error_response(error: &ErrorShape, namespace: &str, id: &RequestId) -> Response<Vec<u8>> {
    let blame = if error.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    let mut xml = format!("<ErrorResponse xmlns=\"{namespace}\">");
    let children = [
        Element::text("Type", blame),
        Element::text("Code", error.code.clone()),
        Element::text("Message", error.message.clone()),
    ];
    Element::parent("Error", children).write(&mut xml);
    let _ = write!(xml, "<RequestId>{id}</RequestId></ErrorResponse>");
    with_body(error.status, xml, id)
}

fn with_body(status: StatusCode, xml: String, id: &RequestId) -> Response<Vec<u8>> {
    let mut response = Response::new(xml.into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(CONTENT_TYPE),
    );
    headers.insert(request_id::HEADER, id.header_value());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_is_decoded() {
        let form = Form::parse(
            b"Action=List+Roles&a%2Fb=%C3%A9&empty=&N.member.2=two&N.member.1=one&flag",
        )
        .unwrap();
        assert_eq!(form.action(), Ok("List Roles"));
        assert_eq!(form.get("a/b"), Some("\u{e9}"));
        assert_eq!(
            (form.get("empty"), form.get("flag"), form.get("none")),
            (None, None, None)
        );
        assert_eq!(form.list("N"), ["one", "two"]);
        assert_eq!(form.require("none").unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn bad_forms_are_refused() {
        assert_eq!(
            Form::parse(b"a=%ff").unwrap_err().code,
            "MalformedQueryString"
        );
        assert_eq!(
            Form::parse(&b"a=1&".repeat(FIELDS_MAX + 1))
                .unwrap_err()
                .code,
            "MalformedQueryString"
        );
        assert_eq!(
            Form::parse(b"").unwrap().action().unwrap_err().code,
            "MissingAction"
        );
    }

    #[test]
    fn answers_are_xml_that_cannot_be_broken_out_of() {
        let id = RequestId::new();
        let answer = response(
            "GetX",
            "urn:x",
            &[Element::text("Arn", "</Arn>&\u{1}")],
            &id,
        );
        let text = String::from_utf8(answer.into_body()).unwrap();
        assert!(
            text.starts_with(
                "<GetXResponse xmlns=\"urn:x\"><GetXResult><Arn>&lt;/Arn&gt;&amp;\u{fffd}</Arn>"
            ),
            "{text}"
        );
        assert!(
            text.ends_with(&format!(
                "<RequestId>{id}</RequestId></ResponseMetadata></GetXResponse>"
            )),
            "{text}"
        );
        let error = error_response(&ErrorShape::bad_request("Bad", "<no>"), "urn:x", &id);
        assert_eq!(error.status(), 400);
        let text = String::from_utf8(error.into_body()).unwrap();
        assert!(
            text.contains(
                "<Error><Type>Sender</Type><Code>Bad</Code><Message>&lt;no&gt;</Message></Error>"
            ),
            "{text}"
        );
    }
}
