/** At most so many characters of a text: a word that a peer chose may have ten thousand. */
export function cut(text: string, most = 60): string {
  if (text.length <= most) return text
  // By code points: a grapheme can be as long as its maker likes.
  const characters = Array.from(text.slice(0, most * 2 + 2))
  return characters.length <= most ? text : `${characters.slice(0, most).join('')}…`
}
