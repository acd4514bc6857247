import { Button, Group, Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'

import type { Phone, User } from '../../api/types'
import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { isolate } from '../../ui/isolate'
import { Credentials } from '../people/Credentials'
import { fullName } from '../people/names'
import { PhoneForm } from '../people/PhoneForm'

interface Props {
  users: User[]
  /** Whose phone it is most likely to be. */
  likely: User | undefined
  onDone: () => void
}

/** A phone for a user, and what to enter in it. */
export function PhoneStep({ users, likely, onDone }: Props) {
  const { t } = useI18n()
  const [chosen, setChosen] = useState<string | null>(null)
  const [made, setMade] = useState<Phone | null>(null)
  const user = users.find(({ id }) => String(id) === chosen) ?? likely
  if (made !== null) {
    return (
      <Stack>
        <Credentials phone={made} />
        <Group>
          <Button
            onClick={() => {
              setMade(null)
              onDone()
            }}
          >
            {t('people.noted')}
          </Button>
        </Group>
      </Stack>
    )
  }
  if (user === undefined) return <Text>{t('welcome.phone_no_user')}</Text>
  return (
    <Stack maw={420}>
      <Select
        label={t('welcome.phone_of')}
        data={users.map((each) => ({
          value: String(each.id),
          label: `${isolate(cut(fullName(each), 40))} (${each.ext})`,
        }))}
        value={String(user.id)}
        allowDeselect={false}
        searchable
        onChange={setChosen}
      />
      <PhoneForm key={user.id} user={user} onMade={setMade} />
    </Stack>
  )
}
