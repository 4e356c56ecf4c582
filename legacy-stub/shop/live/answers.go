package live

import (
	"fmt"
	"strings"
)

// Visitor is what the assistant knows of the person who asks.
type Visitor struct {
	Name      string // "" for a guest
	LastOrder string // "order 1008, placed on 12.03.2026, is packed", or ""
}

// Greeting is what the assistant says first.
func Greeting(v Visitor) string {
	if v.Name == "" {
		return "Hello, this is Juniper from Marlow & Finch. What can I do for you?"
	}
	return fmt.Sprintf("Hello %s, this is Juniper from Marlow & Finch. What can I do for you?", firstName(v.Name))
}

// Answer is what the assistant says to a question. The same question gets the same answer.
func Answer(v Visitor, question string) string {
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(question), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '\'')
	}), " ") + " "
	for _, t := range topics() {
		for _, key := range t.keys {
			if strings.Contains(words, " "+key) {
				return t.answer(v)
			}
		}
	}
	return "I am not sure I understand. I know about delivery, returns, payment, invoices, repairs and your orders. " +
		"For everything else there is a person at hello@marlow-finch.example."
}

type topic struct {
	keys   []string // beginnings of words
	answer func(Visitor) string
}

func say(text string) func(Visitor) string { return func(Visitor) string { return text } }

// topics are tried in order: the first with a word of the question answers.
func topics() []topic {
	return []topic{
		{[]string{"return", "send back", "refund", "exchange"}, say("You can send anything back within 60 days, used or not. The label is in the parcel, and the money is back within five days.")},
		{[]string{"where is my", "my order", "track", "parcel", "order status"}, orderAnswer},
		{[]string{"deliver", "shipping", "ship", "how long", "postage"}, say("We pack on the day you order and deliver in two to four working days. It costs nothing.")},
		{[]string{"pay", "credit", "card", "invoice", "receipt", "bill"}, say("You pay by invoice, within 14 days of delivery. Each order has its invoice for download, under Your orders.")},
		{[]string{"repair", "broken", "damaged", "spare", "defect"}, say("That should not happen. Write to repairs@marlow-finch.example with a photo, and we send a spare part or a postage label the same day.")},
		{[]string{"stock", "sold out", "available", "back in"}, say("The number beside the price is live: it changes the moment somebody buys. What is sold out mostly comes back within three weeks.")},
		{[]string{"password", "account", "log in", "login", "sign in"}, say("Your account is at the top right. If the password is lost, write to hello@marlow-finch.example from the address of your account.")},
		{[]string{"price", "discount", "voucher", "sale", "cheap"}, say("We have one price all year, so there is never a wrong day to buy. The list can be sorted by price.")},
		{[]string{"human", "person", "somebody", "someone", "phone", "call"}, say("Of course. Ada and Tom answer at hello@marlow-finch.example, on working days within two hours.")},
		{[]string{"gift", "wrap", "present"}, say("We wrap in brown paper with a sprig of rosemary, free of charge. Say so in the address field at the checkout.")},
		{[]string{"thank", "thanks", "great", "cheers"}, say("You are welcome. Is there anything else?")},
		{[]string{"bye", "goodbye", "no "}, say("Goodbye, and enjoy your day.")},
		{[]string{"hello", "hi ", "hey", "good morning", "good evening"}, func(v Visitor) string { return Greeting(v) }},
	}
}

func orderAnswer(v Visitor) string {
	switch {
	case v.Name == "":
		return "Please log in first, then I can look it up. You find all your orders under Your orders."
	case v.LastOrder == "":
		return fmt.Sprintf("I cannot find an order of yours, %s. Did you order with another e-mail address?", firstName(v.Name))
	}
	return fmt.Sprintf("I have looked: your latest, %s. More is under Your orders.", v.LastOrder)
}

func firstName(name string) string {
	first, _, _ := strings.Cut(name, " ")
	return first
}
