import { Alert, Button, Stack } from '@mantine/core'
import { Component, type ReactNode } from 'react'

import { useI18n } from '../i18n'

interface Props {
  /** Another place begins anew. */
  place: string
  children: ReactNode
}

interface State {
  broken: boolean
  place: string
}

/**
 * Shows that a screen broke, in its place, instead of an empty page. It happens after an upgrade of the server: the
 * parts of the old page that were not loaded yet are gone, and a reload brings the new page.
 */
export class Broken extends Component<Props, State> {
  override state: State = { broken: false, place: this.props.place }

  static getDerivedStateFromError(): Partial<State> {
    return { broken: true }
  }

  static getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.place === state.place ? null : { broken: false, place: props.place }
  }

  override render(): ReactNode {
    return this.state.broken ? <Reload /> : this.props.children
  }
}

function Reload() {
  const { t } = useI18n()
  return (
    <Alert color="red" title={t('common.broken')} role="alert" maw={640}>
      <Stack align="flex-start" gap="xs">
        {t('common.broken_text')}
        <Button variant="default" size="xs" onClick={() => window.location.reload()}>
          {t('common.reload')}
        </Button>
      </Stack>
    </Alert>
  )
}
