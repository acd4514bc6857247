/** Calls for tests. */

import type { LiveCall } from '../../api/types'

export function call(given: Partial<LiveCall> & { id: number }): LiveCall {
  return {
    root_id: given.id,
    parent_id: null,
    state: 'RINGING',
    context: 'LOCAL_USER',
    destination: 'in',
    clid: '"Alice" <1001>',
    start_time: 1_767_225_600,
    connected_at: null,
    duration: 0,
    src: '1001',
    src_id: '100002',
    src_name: 'Alice',
    src_ua: '',
    src_codec: '',
    src_contact: '',
    src_call_id: '',
    dst: '1002',
    dst_id: '100003',
    dst_name: 'Bob',
    dst_ua: '',
    dst_codec: '',
    dst_contact: '',
    dst_call_id: '',
    queue_state: '',
    referred_by: '',
    monitor_state: 0,
    ...given,
  }
}
