/** An attempt as a command line for `sh`. */

interface Request {
  url: string
  headers: Record<string, string>
  body: string
}

export function curl({ url, headers, body }: Request): string {
  const parts = [
    // -g: brackets and braces of an address are part of it. -i: the answer's headers are what one looks for.
    `curl -g -i -X POST ${quote(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(header(name, value))}`),
    // Unlike -d, it does not take what follows an @ for the name of a file.
    `--data-raw ${quote(body)}`,
  ]
  return parts.join(' \\\n  ')
}

/** A word for `sh`, whatever is in it: only the single quote ends what a single quote began. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** curl takes `name:` for "leave this header out", and `name;` for "send it empty". */
function header(name: string, value: string): string {
  return value === '' ? `${name};` : `${name}: ${value}`
}
