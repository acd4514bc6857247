import { Modal } from '@mantine/core'
import { useState } from 'react'

import type { Phone, User } from '../../api/types'
import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { cut } from '../../ui/cut'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { CredentialsModal } from './CredentialsModal'
import { confirmName } from './names'
import type { PhoneAction } from './PhoneCard'
import { PhoneForm } from './PhoneForm'
import { usePhoneChanges } from './queries'
import { RenameForm } from './RenameForm'

/** What is being done to the phones of a user. */
export type PhoneTask = { kind: 'add'; user: User } | { kind: PhoneAction; phone: Phone }

interface Props {
  task: PhoneTask | null
  onDone: () => void
}

/** The dialog of a task, and behind it the credentials that came of it. */
export function PhoneDialogs({ task, onDone }: Props) {
  const [told, setTold] = useState<Phone | null>(null)
  const tell = (phone: Phone) => {
    onDone()
    setTold(phone)
  }
  return (
    <>
      {task !== null && <Dialog task={task} onDone={onDone} onTold={tell} />}
      {told !== null && <CredentialsModal phone={told} onClose={() => setTold(null)} />}
    </>
  )
}

interface DialogProps {
  task: PhoneTask
  onDone: () => void
  onTold: (phone: Phone) => void
}

function Dialog({ task, onDone, onTold }: DialogProps) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const { reset, remove } = usePhoneChanges()
  const closeButtonProps = { 'aria-label': t('common.close') }
  switch (task.kind) {
    case 'add':
      return (
        <Modal opened onClose={onDone} title={t('people.add_phone')} closeButtonProps={closeButtonProps}>
          <PhoneForm user={task.user} onMade={onTold} onCancel={onDone} />
        </Modal>
      )
    case 'rename':
      return (
        <Modal opened onClose={onDone} title={t('people.rename')} closeButtonProps={closeButtonProps}>
          <RenameForm phone={task.phone} onDone={onDone} />
        </Modal>
      )
    case 'reset':
      return (
        <Confirm
          opened
          onClose={onDone}
          title={t('people.reset')}
          text={t('people.reset_text', { username: isolate(cut(task.phone.username)) })}
          action={t('people.reset')}
          busy={reset.isPending}
          error={reset.error === null ? undefined : errorText(reset.error)}
          // Also when this dialog was closed meanwhile: the old password is of no use any more.
          onConfirm={() => void reset.mutateAsync(task.phone.id).then(onTold, () => undefined)}
        />
      )
    case 'delete':
      return (
        <Confirm
          opened
          onClose={onDone}
          title={t('people.delete_phone')}
          text={t('people.delete_phone_text', { username: isolate(cut(task.phone.username)) })}
          name={confirmName(task.phone.username, String(task.phone.id))}
          action={t('common.delete')}
          busy={remove.isPending}
          error={remove.error === null ? undefined : errorText(remove.error)}
          onConfirm={() => remove.mutate(task.phone.id, { onSuccess: onDone })}
        />
      )
  }
}
