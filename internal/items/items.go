// Package items finds the items of a 10-K, 10-Q, 8-K or 20-F in its flat text.
package items

// Item is one item of a filing. Offsets are bytes into the flat text; the heading belongs to the item.
type Item struct {
	// Key is how the form counts it: "1A" of a 10-K, "I.2" and "II.1A" of a 10-Q, "2.02" of an 8-K (or "5", before August
	// 2004), "16A" of a 20-F.
	Key string
	// Title is the heading as the filer wrote it, without the number.
	Title      string
	Start, End int
}
