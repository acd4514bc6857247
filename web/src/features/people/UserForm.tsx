import {
  Alert,
  Button,
  Checkbox,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core'
import { type SubmitEvent, useState } from 'react'

import { ApiError } from '../../api/client'
import type { User } from '../../api/types'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { useFirstInvalid } from '../../ui/useFirstInvalid'
import { type UserInput, useSaveUser } from './queries'

/** A number stays as it is typed until it is sent. */
type Draft = Omit<Required<UserInput>, 'voicemail_after'> & { voicemail_after: number | string }

const EMPTY: Draft = {
  first_name: '',
  last_name: '',
  email: '',
  ext: '',
  role: 'user',
  active: true,
  dnd: false,
  record: 'none',
  voicemail: false,
  voicemail_after: 20,
  password: '',
}

const FIELDS = Object.keys(EMPTY) as (keyof Draft)[]

interface Props {
  /** Who is changed; null makes a user. */
  user: User | null
  /** Only what a first user needs. */
  short?: boolean
  onSaved: (user: User) => void
  onCancel?: () => void
}

/** What differs from before; the rest is not sent, so that two who edit at once lose nothing of each other's. */
function changes(draft: Draft, before: Draft): UserInput {
  const seconds = draft.voicemail_after === '' ? null : Number(draft.voicemail_after)
  const given: Required<UserInput> = { ...draft, voicemail_after: seconds }
  return Object.fromEntries(
    FIELDS.filter((name) => draft[name] !== before[name]).map((name) => [name, given[name]]),
  )
}

export function UserForm({ user, short = false, onSaved, onCancel }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const [before] = useState<Draft>(() =>
    user === null
      ? EMPTY
      : (Object.fromEntries(
          FIELDS.map((name) => [name, name === 'password' ? '' : user[name]]),
        ) as unknown as Draft),
  )
  const [draft, setDraft] = useState(before)
  const save = useSaveUser(user?.id ?? null)
  const form = useFirstInvalid(save.error)
  const set = <Name extends keyof Draft>(name: Name, value: Draft[Name]) =>
    setDraft((old) => ({ ...old, [name]: value }))
  const text = (name: 'first_name' | 'last_name' | 'email' | 'ext' | 'password') => ({
    label: t(`people.${name}`),
    value: draft[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => set(name, event.currentTarget.value),
    error: fieldText(save.error, name),
  })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    save.mutate(changes(draft, before), { onSuccess: onSaved })
  }
  const elsewhere =
    save.error !== null &&
    !(
      save.error instanceof ApiError &&
      save.error.fields.some(({ field }) => FIELDS.includes(field as keyof Draft))
    )
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        {elsewhere && (
          <Alert color="red" role="alert">
            {errorText(save.error)}
          </Alert>
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput {...text('first_name')} required maxLength={100} data-autofocus />
          <TextInput {...text('last_name')} maxLength={100} />
        </SimpleGrid>
        <TextInput
          {...text('ext')}
          description={t('people.ext_hint')}
          required
          inputMode="numeric"
          maxLength={15}
        />
        <TextInput {...text('email')} type="email" required maxLength={254} autoComplete="off" />
        {!short && (
          <>
            <PasswordInput
              {...text('password')}
              description={t(user === null ? 'people.password_new_hint' : 'people.password_hint')}
              autoComplete="new-password"
              maxLength={256}
              visibilityToggleButtonProps={{ 'aria-label': t('people.show_password') }}
            />
            <Choices draft={draft} before={before} set={set} error={(name) => fieldText(save.error, name)} />
          </>
        )}
        <Group justify="flex-end">
          {onCancel !== undefined && (
            <Button variant="default" onClick={onCancel}>
              {t('common.cancel')}
            </Button>
          )}
          <Button type="submit" loading={save.isPending}>
            {t(user === null ? 'people.add_user' : 'common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface ChoicesProps {
  draft: Draft
  before: Draft
  set: <Name extends keyof Draft>(name: Name, value: Draft[Name]) => void
  error: (name: keyof Draft) => string | undefined
}

function Choices({ draft, before, set, error }: ChoicesProps) {
  const { t } = useI18n()
  return (
    <>
      <Select
        label={t('people.role')}
        data={[
          { value: 'user', label: t('people.role_user') },
          { value: 'admin', label: t('people.role_admin') },
        ]}
        value={draft.role}
        allowDeselect={false}
        onChange={(role) => set('role', role === 'admin' ? 'admin' : 'user')}
        error={error('role')}
      />
      <Stack gap="xs">
        <Select
          label={t('people.record')}
          description={t('people.record_hint')}
          data={(['none', 'in', 'out', 'all'] as const).map((value) => ({
            value,
            label: t(`people.record_${value}`),
          }))}
          value={draft.record}
          allowDeselect={false}
          onChange={(record) => set('record', record ?? 'none')}
          error={error('record')}
        />
        {draft.record !== 'none' && (
          <Alert color="orange" p="xs" role="note">
            {t('recordings.law')}
          </Alert>
        )}
      </Stack>
      <Checkbox
        label={t('people.active')}
        description={t('people.active_hint')}
        checked={draft.active}
        onChange={(event) => set('active', event.currentTarget.checked)}
        error={error('active')}
      />
      <Checkbox
        label={t('people.dnd')}
        description={t('people.dnd_hint')}
        checked={draft.dnd}
        onChange={(event) => set('dnd', event.currentTarget.checked)}
        error={error('dnd')}
      />
      <Checkbox
        label={t('people.voicemail')}
        description={t('people.voicemail_hint')}
        checked={draft.voicemail}
        onChange={(event) => {
          set('voicemail', event.currentTarget.checked)
          // What is not shown any more must not be refused.
          if (!event.currentTarget.checked) set('voicemail_after', before.voicemail_after)
        }}
        error={error('voicemail')}
      />
      {draft.voicemail && (
        <NumberInput
          label={t('people.voicemail_after')}
          description={t('people.voicemail_after_hint')}
          value={draft.voicemail_after}
          onChange={(seconds) => set('voicemail_after', seconds)}
          min={5}
          max={120}
          step={5}
          clampBehavior="none"
          allowDecimal={false}
          allowNegative={false}
          styles={{ wrapper: { maxWidth: 120 } }}
          error={error('voicemail_after')}
        />
      )}
    </>
  )
}
