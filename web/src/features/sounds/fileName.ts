/** Longest name of a sound. */
export const LONGEST = 100

/** What a sound is called that comes from this file: its name without the ending, as the server would take it. */
export function nameOf(file: string): string {
  const plain = file.replace(/\.[A-Za-z0-9]{1,5}$/, '').replace(/[\p{Cc}_\s]+/gu, ' ')
  return Array.from(plain.trim()).slice(0, LONGEST).join('').trim()
}
