import { useParams } from 'wouter'

import { ExistingWebhook } from './ExistingWebhook'
import { NewWebhook } from './NewWebhook'

/** `/webhooks/new` and `/webhooks/:id`: another address is another form. */
export default function WebhookEditor() {
  const { id } = useParams()
  return id === undefined ? <NewWebhook /> : <ExistingWebhook key={id} id={id} />
}
