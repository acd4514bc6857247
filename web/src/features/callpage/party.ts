/** The two sides of a call, of one that is up and of one that is over alike. */

import type { Cdr, LiveCall } from '../../api/types'

export interface Party {
  number: string
  name: string
  agent: string
  codec: string
}

type Sides = Pick<
  LiveCall | Cdr,
  'src' | 'src_name' | 'src_ua' | 'src_codec' | 'dst' | 'dst_name' | 'dst_ua' | 'dst_codec'
>

export function partiesOf(call: Sides): { from: Party; to: Party } {
  return {
    from: { number: call.src, name: call.src_name, agent: call.src_ua, codec: call.src_codec },
    to: { number: call.dst, name: call.dst_name, agent: call.dst_ua, codec: call.dst_codec },
  }
}

/** `Alice 1001`, or the number alone. */
export function partyText({ name, number }: Pick<Party, 'name' | 'number'>): string {
  return name === '' ? number : `${name} ${number}`
}
