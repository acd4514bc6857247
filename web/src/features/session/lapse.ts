/**
 * A session that lapsed, and the requests that wait for the next one.
 *
 * ```text
 * requests ──401──► look: is there a session by now?
 *                     │ yes: another tab, or an answer that was slow      ──► they go out again
 *                     │ no                                                ──► ask the person, once for all of them
 * ```
 */

import { api, ApiError, type One } from '../../api/client'
import type { Me } from '../../api/types'

type Found = 'same' | 'other' | 'none'

export class Lapse {
  #waiting: (() => void)[] = []
  #looking = false
  #asking = false
  readonly #ask: (asking: boolean) => void
  readonly #leave: () => void

  #person: number | undefined

  /** `ask` opens and closes the dialog; `leave` gives the page up, which is another person's by now. */
  constructor(ask: (asking: boolean) => void, leave: () => void) {
    this.#ask = ask
    this.#leave = leave
  }

  get person(): number | undefined {
    return this.#person
  }

  /** Whose page this is. */
  of(person: number | undefined): void {
    this.#person = person
  }

  /** Resolves once there is a session again. */
  renew = (): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#asking) void this.look()
    })

  /** Looks whether there is a session, and of whom. */
  look = async (): Promise<void> => {
    if (this.#looking) return
    this.#looking = true
    const found = await this.#find()
    this.#looking = false
    switch (found) {
      case 'same':
        this.renewed()
        return
      case 'other':
        this.#leave()
        return
      case 'none':
        this.#become(true)
        return
    }
  }

  /** The person signed in. */
  renewed = (): void => {
    this.#become(false)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #find(): Promise<Found> {
    try {
      const { data } = await api.get<One<Me>>('/me', { renew: false })
      return data.id === this.#person ? 'same' : 'other'
    } catch (error) {
      // A server that is away says nothing of the session; the request that waits finds out by itself.
      return error instanceof ApiError && error.status === 401 ? 'none' : 'same'
    }
  }

  #become(asking: boolean): void {
    if (this.#asking === asking) return
    this.#asking = asking
    this.#ask(asking)
  }
}
