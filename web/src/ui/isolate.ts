/** A text of a peer's choosing for the middle of a sentence: its direction ends where it ends. */
export function isolate(text: string): string {
  return `\u2068${text}\u2069`
}
