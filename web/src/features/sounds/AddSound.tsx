import { Alert, Button, FileInput, Group, Modal, Stack, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type SubmitEvent, useState } from 'react'

import { ApiError } from '../../api/client'
import type { Sound } from '../../api/types'
import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { isolate } from '../../ui/isolate'
import { useFirstInvalid } from '../../ui/useFirstInvalid'
import { LONGEST, nameOf } from './fileName'
import { useAddSound } from './queries'

/** Puts a WAV file into the library; what is wrong with it the server says. */
export function AddSound({ onAdded, onClose }: { onAdded: (sound: Sound) => void; onClose: () => void }) {
  const { t } = useI18n()
  return (
    // What was typed must not be lost by a click beside it.
    <Modal
      opened
      onClose={onClose}
      title={t('sounds.add')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      closeOnClickOutside={false}
    >
      <Form onAdded={onAdded} onClose={onClose} />
    </Modal>
  )
}

function Form({ onAdded, onClose }: { onAdded: (sound: Sound) => void; onClose: () => void }) {
  const { t } = useI18n()
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  /** Whether a name was typed, which another file does not replace. */
  const [named, setNamed] = useState(false)
  /** The form was sent without a file. */
  const [missing, miss] = useState(false)
  const add = useAddSound()
  const complaints = useComplaints(add.error)
  const form = useFirstInvalid(missing ? 'missing' : add.error)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    miss(file === null)
    if (file === null) return
    add.mutate(
      { name, file },
      {
        onSuccess: (sound) => {
          notifications.show({ message: t('sounds.added_told', { name: isolate(cut(sound.name)) }) })
          onAdded(sound)
        },
      },
    )
  }
  return (
    <form ref={form} onSubmit={submit} noValidate>
      <Stack>
        {complaints.elsewhere !== undefined && (
          <Alert color="red" role="alert">
            {complaints.elsewhere}
          </Alert>
        )}
        <FileInput
          label={t('sounds.file')}
          description={t('sounds.file_hint')}
          placeholder={t('sounds.choose_file')}
          accept=".wav,audio/wav,audio/x-wav,audio/vnd.wave"
          required
          clearable
          clearButtonProps={{ 'aria-label': t('sounds.remove_file') }}
          value={file}
          onChange={(chosen) => {
            setFile(chosen)
            miss(false)
            add.reset()
            if (chosen !== null && !named) setName(nameOf(chosen.name))
          }}
          error={missing ? t('errors.field_required') : complaints.file}
          data-autofocus
        />
        <TextInput
          label={t('sounds.name')}
          description={t('sounds.name_hint')}
          required
          maxLength={LONGEST}
          autoComplete="off"
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value)
            setNamed(event.currentTarget.value !== '')
          }}
          error={complaints.name}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={add.isPending}>
            {t('sounds.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** What the server says of the file, of the name, and of neither. */
function useComplaints(error: Error | null) {
  const errorText = useErrorText()
  const fieldText = useFieldText()
  if (!(error instanceof ApiError)) return { elsewhere: error === null ? undefined : errorText(error) }
  // The whole body is the file: whatever is wrong with its size or kind is, too.
  const file = error.status === 413 || error.status === 415 ? errorText(error) : fieldText(error, 'body')
  const name = fieldText(error, 'name')
  return { file, name, elsewhere: file === undefined && name === undefined ? errorText(error) : undefined }
}
