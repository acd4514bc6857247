/** A server of a test's own, which it may kill. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { binary } from './demo'

export class Server {
  readonly url: string
  readonly #port: number
  readonly #dir = mkdtempSync(join(tmpdir(), 'offhook-page-'))
  #child: ChildProcess | null = null
  /** The one-time link that the first start tells. */
  link = ''
  password = ''

  private constructor(port: number) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(): Promise<Server> {
    const server = new Server(await freePort())
    await server.start()
    return server
  }

  /** Starts on its own port, or where no open page looks for it. */
  async start(port = this.#port): Promise<void> {
    const child = spawn(binary(), ['serve'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        OFFHOOK_LOG: 'error',
        OFFHOOK__NODE__DATA_DIR: this.#dir,
        OFFHOOK__HTTP__LISTEN: `127.0.0.1:${port}`,
        OFFHOOK__SIP__UDP: '["127.0.0.1:0"]',
        OFFHOOK__SIP__TCP: '[]',
        OFFHOOK__MEDIA__RELAY: 'never',
      },
    })
    this.#child = child
    for await (const line of createInterface({ input: child.stdout })) {
      this.link = /http:\S+#ticket=[0-9a-f]{40}/.exec(line)?.[0] ?? this.link
      this.password = /the password (\S+)/.exec(line)?.[1] ?? this.password
      if (line === 'offhook ready') break
    }
    child.stdout.resume()
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
