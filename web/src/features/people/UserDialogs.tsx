import { Modal } from '@mantine/core'

import type { User } from '../../api/types'
import { useI18n } from '../../i18n'
import { Confirm } from '../../ui/confirm'
import { cut } from '../../ui/cut'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { useFieldText } from '../../ui/fieldText'
import { confirmName, fullName } from './names'
import { useDeleteUser } from './queries'
import { UserForm } from './UserForm'

/** What is being done to the users. */
export type UserTask = { kind: 'add' } | { kind: 'edit' | 'delete'; user: User }

export function UserDialogs({ task, onDone }: { task: UserTask | null; onDone: () => void }) {
  const { t } = useI18n()
  if (task === null) return null
  const closeButtonProps = { 'aria-label': t('common.close') }
  switch (task.kind) {
    case 'add':
      return (
        // What was typed must not be lost by a click beside it.
        <Modal
          opened
          onClose={onDone}
          title={t('people.add_user')}
          closeButtonProps={closeButtonProps}
          closeOnClickOutside={false}
        >
          <UserForm user={null} onSaved={onDone} onCancel={onDone} />
        </Modal>
      )
    case 'edit':
      return (
        <Modal
          opened
          onClose={onDone}
          title={t('people.edit_user')}
          closeButtonProps={closeButtonProps}
          closeOnClickOutside={false}
        >
          <UserForm user={task.user} onSaved={onDone} onCancel={onDone} />
        </Modal>
      )
    case 'delete':
      return <DeleteUser user={task.user} onDone={onDone} />
  }
}

function DeleteUser({ user, onDone }: { user: User; onDone: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const remove = useDeleteUser()
  const refused =
    remove.error === null ? undefined : (fieldText(remove.error, 'role') ?? errorText(remove.error))
  return (
    <Confirm
      opened
      onClose={onDone}
      title={t('people.delete_user')}
      text={t('people.delete_user_text', { name: isolate(cut(fullName(user))), ext: user.ext })}
      name={confirmName(fullName(user), user.ext)}
      action={t('common.delete')}
      busy={remove.isPending}
      error={refused}
      onConfirm={() => remove.mutate(user.id, { onSuccess: onDone })}
    />
  )
}
