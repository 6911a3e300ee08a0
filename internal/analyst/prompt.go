package analyst

import (
	_ "embed"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// PromptVersion names the system prompt an answer was written under. It changes with every change of prompt.md.
const PromptVersion = "3"

//go:embed prompt.md
var prompt string

// lastRound goes with the results of the last calls that can be followed by an answer.
const lastRound = "These were the last tool calls. Answer now with what you have, and say what is missing."

// systemPrompt changes once a day only, so that the vendor can keep it cached.
func systemPrompt(now time.Time) string {
	today := now.In(calendar.NewYork()).Format("Monday, 2 January 2006")
	return strings.ReplaceAll(prompt, "{{today}}", today)
}
