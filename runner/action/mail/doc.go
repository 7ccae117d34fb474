// Package mail turns a communication into messages: it checks addresses and
// renders one RFC 5322 message for one recipient. Packages smtp and maildir
// below it deliver what was rendered.
//
// Rendering comes before everything else, so that a message that cannot be
// rendered reaches nobody, and so that every retry sends the same bytes.
package mail
