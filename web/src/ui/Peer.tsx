import { cut } from './cut'

/** A text of a peer's choosing: never markup, its direction kept to itself, a long one cut with the whole on hover. */
export function Peer({ text, most = 60 }: { text: string; most?: number }) {
  const short = cut(text, most)
  return <bdi title={short === text ? undefined : text}>{short}</bdi>
}
