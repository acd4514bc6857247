import { Alert, Button, Group, Stack, TextInput } from '@mantine/core'
import { type SubmitEvent, useState } from 'react'

import { ApiError } from '../../api/client'
import type { Phone, User } from '../../api/types'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { usePhoneChanges } from './queries'

interface Props {
  user: User
  onMade: (phone: Phone) => void
  onCancel?: () => void
}

/** Makes a phone of a user; both fields may stay empty. */
export function PhoneForm({ user, onMade, onCancel }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const [username, setUsername] = useState('')
  const [name, setName] = useState('')
  const { make } = usePhoneChanges()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const input = {
      user_id: user.id,
      ...(username === '' ? {} : { username }),
      ...(name === '' ? {} : { display_name: name }),
    }
    // Not by a callback of the form's: it may be gone by then, and the password with it.
    make.mutateAsync(input).then(onMade, () => undefined)
  }
  const known =
    make.error instanceof ApiError && (make.error.field('username') ?? make.error.field('display_name'))
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {make.error !== null && (known === undefined || known === false) && (
          <Alert color="red" role="alert">
            {errorText(make.error)}
          </Alert>
        )}
        <TextInput
          label={t('people.username')}
          description={t('people.username_hint', { ext: user.ext })}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          error={fieldText(make.error, 'username')}
          maxLength={64}
          autoComplete="off"
          data-autofocus
        />
        <TextInput
          label={t('people.display_name')}
          description={t('people.display_name_hint')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={fieldText(make.error, 'display_name')}
          maxLength={100}
          autoComplete="off"
        />
        <Group justify="flex-end">
          {onCancel !== undefined && (
            <Button variant="default" onClick={onCancel}>
              {t('common.cancel')}
            </Button>
          )}
          <Button type="submit" loading={make.isPending}>
            {t('people.add_phone')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
