import { Alert, Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core'
import { type SubmitEvent, useState } from 'react'

import { ApiError } from '../../api/client'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { useSaveUser } from '../people/queries'
import { useSession } from '../session/session'

/** E-mail and password of whoever set the server up. */
export function AdminStep({ onDone }: { onDone: () => void }) {
  const { t } = useI18n()
  const { me } = useSession()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const [email, setEmail] = useState(me.email)
  const [password, setPassword] = useState('')
  const save = useSaveUser(me.id)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const input = {
      ...(email === me.email ? {} : { email }),
      ...(password === '' ? {} : { password }),
    }
    save.mutate(input, {
      onSuccess: () => {
        setPassword('')
        onDone()
      },
    })
  }
  const atFields =
    save.error instanceof ApiError && (save.error.field('email') ?? save.error.field('password'))
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={420}>
        {save.error !== null && (atFields === undefined || atFields === false) && (
          <Alert color="red" role="alert">
            {errorText(save.error)}
          </Alert>
        )}
        <TextInput
          label={t('people.email')}
          type="email"
          autoComplete="username"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={fieldText(save.error, 'email')}
          maxLength={254}
        />
        <PasswordInput
          label={t('welcome.new_password')}
          description={t('people.password_hint')}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={fieldText(save.error, 'password')}
          visibilityToggleButtonProps={{ 'aria-label': t('people.show_password') }}
          maxLength={256}
        />
        <Group>
          <Button type="submit" loading={save.isPending} disabled={email === me.email && password === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
