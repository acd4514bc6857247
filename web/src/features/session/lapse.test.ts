import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { Lapse } from './lapse'

const ask = vi.fn()
const leave = vi.fn()
const me = vi.fn<() => Promise<Response>>()
const signedIn = (id: number) => Promise.resolve(Response.json({ data: { id } }))
const nobody = () => Promise.resolve(Response.json({ code: 'unauthorized' }, { status: 401 }))

const lapseOf = (person: number) => {
  const lapse = new Lapse(ask, leave)
  lapse.of(person)
  return lapse
}

beforeEach(() => {
  vi.resetAllMocks()
  vi.stubGlobal('fetch', me)
})
afterEach(() => vi.unstubAllGlobals())

describe('a session that lapsed', () => {
  it('asks once for all requests that were refused, and lets them go on together', async () => {
    me.mockImplementation(nobody)
    const lapse = lapseOf(1)
    const all = [lapse.renew(), lapse.renew(), lapse.renew()]
    await vi.waitFor(() => expect(ask).toHaveBeenCalledWith(true))
    all.push(lapse.renew())
    lapse.renewed()
    await Promise.all(all)
    expect(ask.mock.calls).toEqual([[true], [false]])
    expect(me).toHaveBeenCalledTimes(1)
  })

  it('asks nobody when there is a session by now', async () => {
    me.mockImplementation(() => signedIn(1))
    const lapse = lapseOf(1)
    await lapse.renew()
    expect(ask).not.toHaveBeenCalled()
  })

  it('gives the page up when it is another person', async () => {
    me.mockImplementation(() => signedIn(2))
    const lapse = lapseOf(1)
    void lapse.renew()
    await vi.waitFor(() => expect(leave).toHaveBeenCalledOnce())
    expect(ask).not.toHaveBeenCalled()
  })

  it('closes the dialog when the person signed in elsewhere', async () => {
    me.mockImplementation(nobody)
    const lapse = lapseOf(1)
    const waiting = lapse.renew()
    await vi.waitFor(() => expect(ask).toHaveBeenCalledWith(true))
    me.mockImplementation(() => signedIn(1))
    await lapse.look()
    await waiting
    expect(ask).toHaveBeenLastCalledWith(false)
  })
})
