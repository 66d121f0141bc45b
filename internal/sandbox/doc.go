// Package sandbox imitates DocuSign's side of the wire: OAuth (JWT Grant) and
// the part of eSignature REST v2.1 that sending envelopes from templates needs,
// one by one or in bulk.
// It decides what DocuSign would answer, record and mail; it mails nothing, and
// it knows nothing of the program that calls it.
//
// It imitates what is dangerous too. A role that does not match its template is
// not refused but mailed as an extra recipient without tabs; a transaction ID
// used twice makes two envelopes; limits bite in clock hours and bursts; answers
// get lost after the envelope exists. Where DocuSign's behaviour is not known,
// a switch of [Server] chooses between the likely ones, and its comment names
// the default.
//
// Nothing runs in the background. Copies of bulk sends are made when somebody
// looks, with the times at which their turn came by the Server's clock.
//
// Field names and types follow the official OpenAPI description of REST v2.1:
// numbers and booleans are strings, except in OAuth.
package sandbox
