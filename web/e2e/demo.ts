/** Starts `offhook demo` for the tests, reads from its first lines where all is, and signs in by its one-time link. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..', '..')
const RESULTS = join(import.meta.dirname, '..', 'test-results')
const TOLD = join(RESULTS, 'demo.json')
export const STATE = join(RESULTS, 'session.json')
export const SCREENS = join(RESULTS, 'screens')

/** What the demo tells of itself. */
export interface Demo {
  url: string
  token: string
  receiver: string
  email: string
  password: string
  /** Of the one-time link; used by the time that a test sees it. */
  ticket: string
}

export function demo(): Demo {
  return JSON.parse(readFileSync(TOLD, 'utf8')) as Demo
}

/** The binary under test. */
export function binary(): string {
  return process.env.OFFHOOK_BIN ?? join(ROOT, 'target/debug/offhook')
}

async function start(): Promise<{ child: ChildProcess; told: Demo; link: string }> {
  const child = spawn(binary(), ['demo'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const found = (pattern: RegExp) => pattern.exec(lines.join('\n'))
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line.includes('/fail/')) break
  }
  // What it goes on to say must not fill the pipe.
  child.stdout.resume()
  const link = found(/(http:\/\/\S+)\/#ticket=([0-9a-f]{40})/)
  const token = found(/OFFHOOK_TOKEN=([0-9a-f]{40})/)
  const receiver = found(/receiver\s+(https:\/\/[\d.:]+)/)
  const account = found(/(\S+@\S+), password (\S+)/)
  if (link === null || token === null || receiver === null || account === null) {
    child.kill()
    throw new Error(`the demo did not tell where it is:\n${lines.join('\n')}`)
  }
  const part = (match: RegExpExecArray, n: number) => match[n] ?? ''
  const told = {
    url: part(link, 1),
    token: part(token, 1),
    receiver: part(receiver, 1),
    email: part(account, 1),
    password: part(account, 2),
    ticket: part(link, 2),
  }
  return { child, told, link: part(link, 2) }
}

/** The cookie that the one-time ticket is good for, as a browser keeps it. */
async function signIn(url: string, ticket: string): Promise<string> {
  const answer = await fetch(`${url}/v1.1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Offhook-CSRF': '1', Origin: url },
    body: JSON.stringify({ ticket }),
  })
  const cookie = /offhook_session=([0-9a-f]{40})/.exec(answer.headers.get('Set-Cookie') ?? '')?.[1]
  if (cookie === undefined) throw new Error(`the ticket was answered ${answer.status}`)
  return cookie
}

export default async function setup(): Promise<() => void> {
  mkdirSync(SCREENS, { recursive: true })
  const { child, told, link } = await start()
  writeFileSync(TOLD, JSON.stringify(told))
  const { hostname } = new URL(told.url)
  const session = await signIn(told.url, link)
  const cookie = {
    name: 'offhook_session',
    value: session,
    domain: hostname,
    path: '/',
    expires: -1,
    httpOnly: true,
    secure: false,
    sameSite: 'Strict',
  }
  writeFileSync(STATE, JSON.stringify({ cookies: [cookie], origins: [] }))
  return () => void child.kill('SIGTERM')
}
