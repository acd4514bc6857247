import { Alert, Button, Group, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'

import { ApiError } from '../../api/client'
import type { Phone } from '../../api/types'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { usePhoneChanges } from './queries'

/** The name on the phone's own display, all of a phone that can change. */
export function RenameForm({ phone, onDone }: { phone: Phone; onDone: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const [name, setName] = useState(phone.display_name)
  const { rename } = usePhoneChanges()
  const known = rename.error instanceof ApiError && rename.error.field('display_name') !== undefined
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        rename.mutate({ id: phone.id, name }, { onSuccess: onDone })
      }}
    >
      <Stack>
        {rename.error !== null && !known && (
          <Alert color="red" role="alert">
            {errorText(rename.error)}
          </Alert>
        )}
        <TextInput
          label={t('people.display_name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={fieldText(rename.error, 'display_name')}
          maxLength={100}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={rename.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
