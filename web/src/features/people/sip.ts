/** The address that a phone reads from a QR code. */

/** Characters that RFC 3261 lets stand in a user part besides letters and digits; in a password fewer. */
const USER = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu
const PASSWORD = /[^A-Za-z0-9\-_.!~*'()&=+$,]/gu

function escaped(text: string, not: RegExp): string {
  return text.replace(not, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  )
}

/** `sip:user:password@domain` */
export function sipUri(username: string, password: string, domain: string): string {
  return `sip:${escaped(username, USER)}:${escaped(password, PASSWORD)}@${domain}`
}

/** The dark modules of a QR code as an SVG path, row by row, neighbours in one stroke. */
export function darkPath(modules: readonly (readonly boolean[])[]): string {
  const strokes: string[] = []
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue
      const from = x
      while (row[x + 1] === true) x++
      const width = x - from + 1
      strokes.push(`M${from} ${y}h${width}v1h-${width}z`)
    }
  })
  return strokes.join('')
}
