/**
 * The server's words for why an address, a field or an attempt failed, in the reader's language.
 *
 * The server says them in English, an attempt with a code in front (`status: the receiver answered 500 …`). What is
 * not recognised is shown as it came: better English than nothing.
 */

import type { Key } from '../../i18n'

export interface Reason {
  key: Key
  values: Record<string, string>
}

/** The first that matches counts; named groups fill the text. */
const KNOWN: [RegExp, Key][] = [
  // Attempts and tests.
  [/^(?<to>\S+) refused the connection$/, 'webhooks.reason_refused'],
  [/^(?<to>\S+) cannot be reached: (?<detail>.+)$/s, 'webhooks.reason_unreachable'],
  [/^(?<host>\S+) cannot be resolved: .*no records found/s, 'webhooks.reason_no_such_host'],
  [/^(?<host>\S+) cannot be resolved: (?<detail>.+)$/s, 'webhooks.reason_dns'],
  [/^the certificate of (?<host>\S+) has expired$/, 'webhooks.reason_tls_expired'],
  [/^the certificate of (?<host>\S+) is not valid yet$/, 'webhooks.reason_tls_early'],
  [/^the certificate is not for the name (?<host>\S+)$/, 'webhooks.reason_tls_name'],
  [/^the certificate of (?<host>\S+) comes from an issuer that is not trusted/, 'webhooks.reason_tls_issuer'],
  [/^the certificate of (?<host>\S+) is not accepted: (?<detail>.+)$/s, 'webhooks.reason_tls_other'],
  [/^TLS with (?<host>\S+) failed: (?<detail>.+)$/s, 'webhooks.reason_tls'],
  [/^(?<host>\S+) closed the connection/, 'webhooks.reason_closed'],
  [/^(?<host>\S+) did not answer in HTTP/, 'webhooks.reason_protocol'],
  [
    /^the receiver answered (?<status>3\d\d.*?)(?: to .*)?; redirects are not followed$/s,
    'webhooks.reason_redirect',
  ],
  [/^the receiver answered (?<status>[^;]+)$/, 'webhooks.reason_status'],
  [/^no answer within (?<seconds>[\d.]+) s$/, 'webhooks.reason_timeout'],
  [/ took longer than (?<seconds>[\d.]+) s$/, 'webhooks.reason_timeout'],
  [/^(?<address>\S+) is not a public address/, 'webhooks.reason_private'],
  [/^(?<address>\S+) is an address that Offhook itself listens on/, 'webhooks.reason_own'],
  [/^every retry failed$/, 'webhooks.reason_exhausted'],
  [/^webhook deleted$/, 'webhooks.reason_deleted'],
  [/^every attempt of the last five days failed$/, 'webhooks.reason_failing'],
  // Addresses.
  [/^(?:the URL )?must (?:begin|start) with https:\/\/$/, 'webhooks.reason_https'],
  [/^the URL must not have a fragment/, 'webhooks.reason_fragment'],
  [/^(?:is not an address$|not a URL: |the URL has no host$)/, 'webhooks.reason_no_url'],
  // Fields.
  [/^must not be empty$|^must be given$/, 'webhooks.reason_empty'],
  [/^must have (?<min>\d+) to (?<max>\d+) characters$/, 'webhooks.reason_length'],
  [/^must not hold control characters$/, 'webhooks.reason_control'],
  [/^must be a whole number from (?<min>\d+) to (?<max>\d+)$/, 'webhooks.reason_range'],
  [/^must be a number/, 'webhooks.reason_number'],
  [/^must name at least one event$/, 'webhooks.reason_no_event'],
  [/^is not a category or the name of an event$/, 'webhooks.reason_event'],
  [/^must be one of LOCAL_USER/, 'webhooks.reason_context'],
  [/^must have at most (?<max>\d+) entries$/, 'webhooks.reason_entries'],
  [/^is not the name of a header$/, 'webhooks.reason_header_name'],
  [/^is set by the server$/, 'webhooks.reason_header_ours'],
  [/^must have at most 1000 printable ASCII characters$/, 'webhooks.reason_header_value'],
  [/^must be whsec_ followed by/, 'webhooks.reason_secret'],
  [/^must be YYYY-MM-DD or /, 'webhooks.reason_moment'],
]

/** Codes that stand in front of the words of an attempt. */
const CODE = /^[a-z][a-z_]*: /

export function reasonOf(message: string): Reason | null {
  const words = message.replace(CODE, '')
  for (const [pattern, key] of KNOWN) {
    const match = pattern.exec(words)
    if (match !== null) return { key, values: { ...match.groups } }
  }
  return null
}
