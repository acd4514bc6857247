export { default } from '../callpage/CallPage'
