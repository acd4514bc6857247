use crate::index::{Index, Slot, Start};
use crate::lex::{List, decimal, is_space, seconds, trim, trim_start};
use crate::method::Method;
use crate::name::Name;
use crate::name_addr::{Contact, NameAddr};
use crate::via::Via;

/// Typed access to one message. Reads on demand, copies nothing and allocates nothing.
#[derive(Clone, Copy)]
pub struct View<'a> {
    raw: &'a [u8],
    index: &'a Index,
}

/// One header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as written.
    pub name: &'a [u8],
    /// Which known name it is.
    pub id: Name,
    /// The value, trimmed; a folded value keeps its line ends.
    pub value: &'a [u8],
}

/// The value of a CSeq header (RFC 3261 §20.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The sequence number.
    pub number: u32,
    /// The method; for [`Method::Other`] see [`View::cseq_matches_method`].
    pub method: Method,
}

impl<'a> View<'a> {
    /// Joins octets and the index that was made of them.
    ///
    /// With an index of other octets the getters answer nonsense, but nothing worse.
    #[must_use]
    pub const fn new(raw: &'a [u8], index: &'a Index) -> Self {
        Self { raw, index }
    }

    /// The octets of this message alone: without line ends in front of it and without what follows its body.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        let lead = crate::index::leading_line_ends(self.raw);
        self.raw
            .get(lead..self.index.message_len())
            .unwrap_or(self.raw)
    }

    /// The index that the view reads from.
    #[must_use]
    pub const fn index(&self) -> &'a Index {
        self.index
    }

    /// Whether it is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.index.start(), Start::Request { .. })
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        match self.index.start() {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } | Start::Unread => None,
        }
    }

    /// The method of a request, as written.
    #[must_use]
    pub fn method_bytes(&self) -> Option<&'a [u8]> {
        match self.index.start() {
            Start::Request { token, .. } => Some(token.of(self.raw)),
            Start::Response { .. } | Start::Unread => None,
        }
    }

    /// The Request-URI of a request, as written.
    #[must_use]
    pub fn request_uri(&self) -> Option<&'a [u8]> {
        match self.index.start() {
            Start::Request { uri, .. } => Some(uri.of(self.raw)),
            Start::Response { .. } | Start::Unread => None,
        }
    }

    /// The status code of a response, 100 to 699.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.index.start() {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } | Start::Unread => None,
        }
    }

    /// The reason phrase of a response; it may be empty.
    #[must_use]
    pub fn reason(&self) -> Option<&'a [u8]> {
        match self.index.start() {
            Start::Response { reason, .. } => Some(reason.of(self.raw)),
            Start::Request { .. } | Start::Unread => None,
        }
    }

    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: Name) -> Option<&'a [u8]> {
        self.headers(name).next()
    }

    /// The values of all headers of this name, in order. For [`Name::Other`], of all headers that are not known.
    pub fn headers(&self, name: Name) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let raw = self.raw;
        self.index
            .slots_from(name)
            .iter()
            .filter(move |slot| slot.id == name)
            .map(move |slot| slot.value.of(raw))
    }

    /// The value of the first header whose name is written `name`, for names that [`Name`] does not know.
    #[must_use]
    pub fn header_named(&self, name: &str) -> Option<&'a [u8]> {
        let wanted = Name::parse(name.as_bytes());
        self.all_headers()
            .find(|header| {
                header.id == wanted
                    && (wanted != Name::Other || header.name.eq_ignore_ascii_case(name.as_bytes()))
            })
            .map(|header| header.value)
    }

    /// All headers, in order.
    pub fn all_headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let raw = self.raw;
        let read = move |slot: &Slot| Header {
            name: slot.name.of(raw),
            id: slot.id,
            value: slot.value.of(raw),
        };
        self.index.slots().iter().map(read)
    }

    /// The comma-separated elements of all headers of this name, in order.
    pub fn elements(&self, name: Name) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.headers(name).flat_map(List::new)
    }

    /// Call-ID; an empty one counts as none.
    #[must_use]
    pub fn call_id(&self) -> Option<&'a [u8]> {
        self.header(Name::CallId).filter(|value| !value.is_empty())
    }

    /// CSeq; `None` where it is missing or its number does not fit 32 bits.
    #[must_use]
    pub fn cseq(&self) -> Option<CSeq> {
        let (number, method) = self.cseq_parts()?;
        Some(CSeq {
            number,
            method: Method::parse(method),
        })
    }

    /// Whether CSeq names the method of the request, also where that is an extension method (RFC 3261 §8.1.1.5).
    #[must_use]
    pub fn cseq_matches_method(&self) -> bool {
        self.cseq_parts().map(|(_, method)| method) == self.method_bytes() && self.is_request()
    }

    fn cseq_parts(&self) -> Option<(u32, &'a [u8])> {
        let value = self.header(Name::CSeq)?;
        let (number, method) =
            value.split_at_checked(value.iter().position(|octet| is_space(*octet))?)?;
        let method = trim_start(method);
        let number = u32::try_from(decimal(number)?).ok()?;
        crate::is_token(method).then_some((number, method))
    }

    /// From; `None` where it is missing or cannot be read.
    #[must_use]
    pub fn from(&self) -> Option<NameAddr<'a>> {
        NameAddr::parse(self.header(Name::From)?)
    }

    /// To; `None` where it is missing or cannot be read.
    #[must_use]
    pub fn to(&self) -> Option<NameAddr<'a>> {
        NameAddr::parse(self.header(Name::To)?)
    }

    /// The tag of From.
    #[must_use]
    pub fn from_tag(&self) -> Option<&'a [u8]> {
        self.from()?.tag()
    }

    /// The tag of To.
    #[must_use]
    pub fn to_tag(&self) -> Option<&'a [u8]> {
        self.to()?.tag()
    }

    /// The topmost Via; `None` where it is missing or cannot be read.
    #[must_use]
    pub fn top_via(&self) -> Option<Via<'a>> {
        Via::parse(List::head(self.header(Name::Via)?))
    }

    /// All Vias, topmost first. An element that cannot be read is given as it stands.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'a>, &'a [u8]>> + use<'a> {
        self.elements(Name::Via)
            .map(|element| Via::parse(element).ok_or(element))
    }

    /// All Contacts. An element that cannot be read is given as it stands.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'a>, &'a [u8]>> + use<'a> {
        self.elements(Name::Contact)
            .map(|element| Contact::parse(element).ok_or(element))
    }

    /// The addresses of a list header: Route, Record-Route, Path, Service-Route, Diversion, P-Asserted-Identity.
    /// An element that cannot be read is given as it stands.
    pub fn routes(
        &self,
        name: Name,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, &'a [u8]>> + use<'a> {
        self.elements(name)
            .map(|element| NameAddr::parse(element).ok_or(element))
    }

    /// Max-Forwards; `None` where it is missing or no number.
    #[must_use]
    pub fn max_forwards(&self) -> Option<u32> {
        u32::try_from(decimal(self.header(Name::MaxForwards)?)?).ok()
    }

    /// Expires in seconds; a number beyond 32 bits is the largest there is; `None` where it is missing or no number.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        seconds(self.header(Name::Expires)?)
    }

    /// Content-Type as it stands.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a [u8]> {
        self.header(Name::ContentType)
    }

    /// Whether Content-Type is `media_type`, its parameters aside.
    #[must_use]
    pub fn has_content_type(&self, media_type: &str) -> bool {
        let value = self.content_type().unwrap_or_default();
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        trim(value.get(..end).unwrap_or_default()).eq_ignore_ascii_case(media_type.as_bytes())
    }

    /// Whether a list of tokens (Supported, Require, Allow, …) holds `token`; option tags know no case.
    #[must_use]
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.elements(name)
            .any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The body; it may be empty.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.index.body().of(self.raw)
    }
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Numbers and addresses of people stay out of logs: only what kind of message it is.
        let mut out = f.debug_struct("View");
        match self.index.start() {
            Start::Request { method, .. } => out.field("method", &method),
            Start::Response { status, .. } => out.field("status", &status),
            Start::Unread => &mut out,
        };
        out.field("octets", &self.raw.len()).finish_non_exhaustive()
    }
}
