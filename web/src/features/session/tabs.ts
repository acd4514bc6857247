/** All tabs of a browser share one cookie: what one does to the session, the others have to know. */

export type News = 'signed-in' | 'signed-out'

const CHANNEL = 'offhook.session'

let channel: BroadcastChannel | null = null

function open(): BroadcastChannel {
  channel ??= new BroadcastChannel(CHANNEL)
  return channel
}

export function tellTabs(news: News): void {
  open().postMessage(news)
}

/** Calls back with what another tab did, until the returned function is called. */
export function onNews(listener: (news: News) => void): () => void {
  const told = ({ data }: MessageEvent<unknown>) => {
    if (data === 'signed-in' || data === 'signed-out') listener(data)
  }
  const from = open()
  from.addEventListener('message', told)
  return () => from.removeEventListener('message', told)
}
