import {
  Alert,
  Button,
  Container,
  Group,
  Paper,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type SubmitEvent, useEffect, useRef, useState } from 'react'

import { api } from '../../api/client'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'

interface Props {
  /** Whose session lapsed; the address cannot be changed then, or another person would go on in the first one's page. */
  email?: string
  full?: boolean
  onSignedIn: () => void
}

type Credentials = { email: string; password: string } | { ticket: string }

/** E-mail and password, or the ticket of a one-time link. */
export function SignIn({ email: known, full = false, onSignedIn }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [email, setEmail] = useState(known ?? '')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    // What holds a password is kept no longer than this form.
    gcTime: 0,
    mutationFn: (credentials: Credentials) => api.post('/session', credentials, { renew: false }),
    onSuccess: onSignedIn,
  })
  useTicket((ticket) => signIn.mutate({ ticket }))
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    signIn.mutate({ email, password })
  }
  const form = (
    <form onSubmit={submit}>
      <Stack>
        {signIn.error !== null && (
          <Alert color="red" role="alert">
            {'ticket' in signIn.variables ? t('session.ticket_refused') : errorText(signIn.error)}
          </Alert>
        )}
        <TextInput
          label={t('session.email')}
          type="email"
          autoComplete="username"
          required
          readOnly={known !== undefined}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('session.password')}
          autoComplete="current-password"
          required
          data-autofocus
          visibilityToggleButtonProps={{ 'aria-label': t('session.show_password') }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={signIn.isPending}>
          {t('session.sign_in')}
        </Button>
      </Stack>
    </form>
  )
  return full ? <FullPage>{form}</FullPage> : form
}

function FullPage({ children }: { children: React.ReactNode }) {
  const { t, language, setLanguage } = useI18n()
  return (
    <Container component="main" size={400} pt={80}>
      <Stack>
        <Group justify="space-between">
          <Title order={1} size="h2">
            {t('common.name')}
          </Title>
          <SegmentedControl
            size="xs"
            value={language}
            onChange={setLanguage}
            data={[
              { value: 'en', label: 'EN' },
              { value: 'es', label: 'ES' },
            ]}
            aria-label={t('common.language')}
          />
        </Group>
        <Text c="dimmed">{t('session.intro')}</Text>
        <Paper withBorder p="lg">
          {children}
        </Paper>
      </Stack>
    </Container>
  )
}

/** The ticket of `/#ticket=…`, once; a fragment is neither sent to a server nor written into its log. */
function useTicket(use: (ticket: string) => void): void {
  const used = useRef(false)
  useEffect(() => {
    const ticket = /^#ticket=([0-9a-f]{40})$/.exec(window.location.hash)?.[1]
    if (ticket === undefined || used.current) return
    used.current = true
    window.history.replaceState(null, '', window.location.pathname + window.location.search)
    use(ticket)
  }, [use])
}
