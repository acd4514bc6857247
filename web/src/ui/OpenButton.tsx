import { UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  open: boolean
  /** Id of what it opens. */
  controls: string
  label: string
  onToggle: () => void
  children: ReactNode
}

/** Opens what is below a row, and closes it. */
export function OpenButton({ open, controls, label, onToggle, children }: Props) {
  return (
    <UnstyledButton
      fz="inherit"
      fw="inherit"
      onClick={onToggle}
      aria-expanded={open}
      aria-controls={open ? controls : undefined}
      aria-label={label}
      style={{ display: 'inline-flex', alignItems: 'center', gap: 8 }}
    >
      <svg
        width="10"
        height="10"
        viewBox="0 0 10 10"
        aria-hidden="true"
        style={{ transform: open ? 'rotate(90deg)' : 'none', flexShrink: 0 }}
      >
        <path d="M2.5 1l5 4-5 4z" fill="currentColor" />
      </svg>
      {children}
    </UnstyledButton>
  )
}
