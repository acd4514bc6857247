/** Made up ladders for tests, as long as they are wanted. */

import type { Flow, FlowRow } from '../../api/types'

const START = Date.UTC(2026, 0, 5, 9, 0, 0)

const BLANK: FlowRow = {
  n: 0,
  at: '',
  kind: 'sip',
  from: 'h1',
  to: 'pbx',
  label: '',
  detail: '',
  call_id: 1,
  leg: 'A',
  retransmission_of: null,
  raw: null,
  delivery_id: null,
  attempt: null,
  ms: null,
  status: null,
  error: null,
}

/** A row of a ladder of `generated` columns. */
export function made(n: number, part: Partial<FlowRow>): FlowRow {
  // Twenty milliseconds between rows, and the digits behind them, as clocks have them.
  const at = new Date(START + n * 20).toISOString().replace('Z', `${String(n % 1000).padStart(3, '0')}Z`)
  return { ...BLANK, n, at, ...part }
}

/** `count` rows: INFO on two legs and their answers, one of ten repeated, and a POST with its answer in between. */
export function generated(count: number): Flow {
  const rows: FlowRow[] = []
  const links: Flow['links'] = []
  for (let n = 1; n <= count; n += 1) rows.push(row(n, links))
  return {
    columns: [
      { id: 'h1', kind: 'host', alias: '1001', address: '192.0.2.1:5060' },
      { id: 'pbx', kind: 'host', alias: 'Offhook', address: '192.0.2.9:5060' },
      { id: 'h2', kind: 'host', alias: '1002', address: '192.0.2.2:5060' },
      { id: 'w1', kind: 'webhook', alias: 'receiver', address: 'hooks.example.com:443' },
    ],
    rows,
    links,
    gaps: [],
  }
}

function row(n: number, links: Flow['links']): FlowRow {
  const raw = `INFO sip:1002@192.0.2.9 SIP/2.0\r\nCSeq: ${n} INFO\r\nCall-ID: made-up\r\nContent-Length: 0\r\n\r\n`
  switch (n % 10) {
    case 2:
      return made(n, {
        from: 'pbx',
        to: 'h1',
        label: '200 OK',
        detail: `CSeq ${n - 1} INFO`,
        status: 200,
        raw,
      })
    case 3:
      return made(n, { from: 'pbx', to: 'h2', label: 'INFO', detail: `CSeq ${n} INFO`, leg: 'B1', raw })
    case 4:
      return made(n, {
        from: 'pbx',
        to: 'h2',
        label: 'INFO',
        detail: `CSeq ${n - 1} INFO`,
        leg: 'B1',
        retransmission_of: n - 1,
        raw,
      })
    case 6:
      links.push({ from: n - 1, to: n })
      return made(n, {
        kind: 'webhook',
        from: 'pbx',
        to: 'w1',
        label: 'POST call.dtmf',
        detail: `attempt 1, seq ${n}`,
        leg: null,
        delivery_id: n,
        attempt: 1,
        raw: `offhook-event: call.dtmf\n\n{"seq":${n}}`,
      })
    case 7:
      return made(n, {
        kind: 'webhook',
        from: 'w1',
        to: 'pbx',
        label: '204 in 4 ms',
        detail: 'to call.dtmf, attempt 1',
        leg: null,
        delivery_id: n - 1,
        attempt: 1,
        ms: 4,
        status: 204,
      })
    default:
      return made(n, { label: 'INFO', detail: `CSeq ${n} INFO`, raw })
  }
}
