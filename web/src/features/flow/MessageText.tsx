import { Fragment, memo } from 'react'

import { pretty } from '../../ui/pretty'
import classes from './message.module.css'
import { type MessageKind, messageLines, prettyBody } from './tokens'

interface Props {
  raw: string
  kind: MessageKind
  /** What it is, for those who do not see where it stands. */
  name: string
}

/** A message as it was sent, with its parts in colours. Each part is bidi-isolated: a name cannot turn the line around. */
export const MessageText = memo(function MessageText({ raw, kind, name }: Props) {
  const lines = messageLines(kind === 'http' ? prettyBody(raw, pretty) : raw, kind)
  return (
    // The tabulator key comes here, so that a long message can be scrolled without a mouse.
    <pre className={classes.message} role="region" aria-label={name} tabIndex={0}>
      {lines.map((line, place) => (
        <Fragment key={place}>
          {line.map((token, n) => (
            <bdi key={n} dir="ltr" className={classes[token.kind]}>
              {token.text}
            </bdi>
          ))}
          {'\n'}
        </Fragment>
      ))}
    </pre>
  )
})
