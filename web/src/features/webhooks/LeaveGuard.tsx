import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'

import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'

/** Where somebody wants to go: an address, or one step back. */
type Way = { to: string } | 'back'

interface Props {
  when: boolean
  /** What would be lost, if not what was typed. */
  text?: string | undefined
}

/** Asks before what was typed and not saved is left: by a link of the page, by the back button, by closing. */
export function LeaveGuard({ when, text }: Props) {
  const { t } = useI18n()
  const [, navigate] = useLocation()
  const [way, setWay] = useState<Way | null>(null)
  const [leaving, setLeaving] = useState(false)
  const guarding = when && !leaving

  useEffect(() => {
    guarded = guarding
    if (!guarding) {
      standDown()
      return
    }
    standGuard()
    const unload = (event: BeforeUnloadEvent) => event.preventDefault()
    const click = (event: MouseEvent) => {
      const to = inside(event)
      if (to === null) return
      event.preventDefault()
      event.stopPropagation()
      setWay({ to })
    }
    const pop = () => {
      if (!isGuard()) setWay('back')
    }
    window.addEventListener('beforeunload', unload)
    document.addEventListener('click', click, true)
    window.addEventListener('popstate', pop)
    return () => {
      guarded = false
      window.removeEventListener('beforeunload', unload)
      document.removeEventListener('click', click, true)
      window.removeEventListener('popstate', pop)
    }
  }, [guarding])

  const leave = () => {
    setLeaving(true)
    setWay(null)
    if (way === 'back') window.history.back()
    // In place of our own entry, or going back would lead to the page twice.
    else if (way !== null) navigate(way.to, { replace: isGuard() })
  }

  return (
    <Confirm
      opened={way !== null}
      onClose={() => {
        if (way === 'back') standGuard()
        setWay(null)
      }}
      title={t('webhooks.leave_title')}
      text={text ?? t('webhooks.leave_text')}
      action={t('webhooks.leave_do')}
      onConfirm={leave}
    />
  )
}

/**
 * Puts an entry of the same address in front of the history: the back button then takes that one first, and the router
 * has nothing to do. It cannot be kept from hearing of a step to another address, for it listened before us.
 */
function standGuard(): void {
  if (!isGuard()) window.history.pushState({ guard: true }, '', window.location.href)
}

/** Whether a guard is wanted: one may be by the time that a step down is done. */
let guarded = false

/** Goes back over our entry, or the next step back would lead to where one is. Nobody else needs to hear of it. */
function standDown(): void {
  if (!isGuard()) return
  const here = window.location.href
  const landed = (event: PopStateEvent) => {
    if (window.location.href !== here) return
    event.stopImmediatePropagation()
    if (guarded) standGuard()
  }
  window.addEventListener('popstate', landed, { once: true, capture: true })
  window.history.back()
}

function isGuard(): boolean {
  const state: unknown = window.history.state
  return typeof state === 'object' && state !== null && 'guard' in state
}

/** The address of a link of this page that a click would follow in this tab. */
function inside(event: MouseEvent): string | null {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return null
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null
  if (!(link instanceof HTMLAnchorElement) || link.target === '_blank' || link.hasAttribute('download'))
    return null
  const url = new URL(link.href)
  if (url.origin !== window.location.origin) return null
  return url.pathname + url.search + url.hash
}
