/** A message cut into pieces that are shown in colours. No piece is lost: put together they are the message again. */

export type TokenKind =
  'method' | 'status' | 'uri' | 'version' | 'reason' | 'name' | 'sign' | 'value' | 'key' | 'plain'

export interface Token {
  kind: TokenKind
  text: string
}

export type Line = Token[]

/** `sip`: start line, headers, body. `http`: headers and body, as the ladder has requests and answers. */
export type MessageKind = 'sip' | 'http'

export function messageLines(raw: string, kind: MessageKind): Line[] {
  const lines = raw.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  let body = false
  return lines.map((line, place) => {
    if (body) return bodyLine(line)
    if (line === '') {
      body = true
      return []
    }
    if (place === 0 && kind === 'sip') return startLine(line)
    return headerLine(line)
  })
}

function startLine(line: string): Line {
  const answer = /^(SIP\/\d\.\d)( +)(\d{3})( *)(.*)$/i.exec(line)
  if (answer !== null) {
    const [, version = '', space = '', status = '', gap = '', reason = ''] = answer
    return pieces(
      ['version', version],
      ['plain', space],
      ['status', status],
      ['plain', gap],
      ['reason', reason],
    )
  }
  const request = /^(\S+)( +)(\S.*?)( +)(SIP\/\d\.\d)$/i.exec(line)
  if (request !== null) {
    const [, method = '', space = '', uri = '', gap = '', version = ''] = request
    return pieces(['method', method], ['plain', space], ['uri', uri], ['plain', gap], ['version', version])
  }
  return pieces(['plain', line])
}

function headerLine(line: string): Line {
  const header = /^([\w.!%*+`'~-]+)([ \t]*:[ \t]*)(.*)$/.exec(line)
  // A line that goes on with the header before it, or is none.
  if (header === null) return pieces(['value', line])
  const [, name = '', sign = '', value = ''] = header
  return pieces(['name', name], ['sign', sign], ['value', value])
}

/** `m=audio …` of SDP; `"key": …` of JSON that was laid out; anything else is plain. */
function bodyLine(line: string): Line {
  const sdp = /^([a-z])(=)(.*)$/.exec(line)
  if (sdp !== null) {
    const [, key = '', sign = '', value = ''] = sdp
    return pieces(['key', key], ['sign', sign], ['value', value])
  }
  const json = /^(\s*)("(?:[^"\\]|\\.)*")(:\s*)(.*)$/.exec(line)
  if (json !== null) {
    const [, indent = '', key = '', sign = '', value = ''] = json
    return pieces(['plain', indent], ['key', key], ['sign', sign], ['value', value])
  }
  return pieces(['plain', line])
}

function pieces(...list: [TokenKind, string][]): Line {
  return list.filter(([, text]) => text !== '').map(([kind, text]) => ({ kind, text }))
}

/** A request or answer with its body, if that is JSON, on lines of its own. */
export function prettyBody(raw: string, pretty: (body: string) => string): string {
  const end = raw.indexOf('\n\n')
  return end < 0 ? raw : raw.slice(0, end + 2) + pretty(raw.slice(end + 2))
}
