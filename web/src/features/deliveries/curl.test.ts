import { execFileSync } from 'node:child_process'

import { describe, expect, it } from 'vitest'

import { curl, quote } from './curl'

/** What a shell makes of a word. */
const shell = (word: string) => execFileSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' })

describe('a curl command', () => {
  it('has the address, all headers and the body as they were sent', () => {
    const text = curl({
      url: 'https://a.example/x?y=[1]',
      headers: { 'content-type': 'application/json', 'webhook-id': 'n.1', 'x-empty': '' },
      body: '{"clid":"\\"O\'Neill\\""}',
    })
    expect(text).toBe(
      [
        "curl -g -i -X POST 'https://a.example/x?y=[1]'",
        "-H 'content-type: application/json'",
        "-H 'webhook-id: n.1'",
        "-H 'x-empty;'",
        `--data-raw '{"clid":"\\"O'\\''Neill\\""}'`,
      ].join(' \\\n  '),
    )
  })

  it.each([
    "it's",
    "'; rm -rf / #",
    '$(id) `id` "x" \\ \\n %s',
    "''",
    '',
    '@/etc/passwd',
    'line\nbreak',
    'ünï‮ד🎉',
  ])('is one word to the shell: %j', (text) => {
    expect(shell(quote(text))).toBe(text)
  })
})
