import { Button, type ButtonProps } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../i18n'

interface Props extends ButtonProps {
  'aria-label'?: string
  /** The text, or what makes it. */
  text: string | (() => string | Promise<string>)
  label?: string
}

/** Copies a text, also where the page came over plain HTTP and the browser has no clipboard for it. */
export function CopyButton({ text, label, ...button }: Props) {
  const { t } = useI18n()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    const done = await write(typeof text === 'string' ? text : await text())
    setCopied(done)
    if (done) setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <Button variant="default" size="xs" {...button} onClick={() => void copy()}>
      <span aria-live="polite">{copied ? t('common.copied') : (label ?? t('common.copy'))}</span>
    </Button>
  )
}

async function write(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      // Refused by a policy or a missing focus: the old way may still work.
    }
  }
  const area = document.createElement('textarea')
  area.value = text
  area.setAttribute('readonly', '')
  area.style.position = 'fixed'
  area.style.opacity = '0'
  // Inside a dialog only what is in it can have the focus.
  const parent = document.activeElement?.closest('[role="dialog"]') ?? document.body
  parent.append(area)
  area.select()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only clipboard that a page without TLS has
  const done = document.execCommand('copy')
  area.remove()
  return done
}
