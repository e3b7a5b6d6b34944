import type { Client, Room, Submission } from "@parley/client";
import type { MessageView, RoomEvent } from "@parley/protocol";
import { helpLines, type Input } from "./input.ts";
import { eventLine, messageLine, stateLine } from "./lines.ts";
import type { Names } from "./names.ts";
import type { Screen } from "./screen.ts";

const historyItems = 20;

export interface ConversationParts {
  readonly client: Client;
  readonly room: Room;
  readonly names: Names;
  readonly screen: Screen;
}

/** One room on a terminal: what happens in it is printed, what is typed is done in it. */
export class Conversation {
  readonly #parts: ConversationParts;
  /** Printing waits for names: one line after the other. */
  #printed: Promise<void> = Promise.resolve();
  #isAway = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Joins, prints the newest messages, and from then on what happens. Rejects with `ParleyError`. */
  async open(): Promise<void> {
    const { room, client } = this.#parts;
    client.on("state", (state) => {
      const line = stateLine(state);
      // One line for the whole absence, however many tries it takes.
      if (line !== undefined && !(state.kind === "waiting" && this.#isAway)) this.#note(line);
      this.#isAway ||= state.kind === "waiting" || state.kind === "draining";
    });
    room.on("state", (state) => {
      if (state.kind === "live" && this.#isAway) {
        this.#isAway = false;
        this.#note("*  back, with nothing missed");
      }
      if (state.kind === "refused") this.#note(`*  ${state.error.code}: ${state.error.message}`);
    });
    const { head } = await room.join("head");
    const { items } = await room.history({ limit: historyItems });
    this.#history(items.filter(({ seq }) => seq <= head));
    room.on("event", (event) => {
      this.#happened(event);
    });
    room.on("reset", ({ reason, state }) => {
      this.#note(`*  continuity was lost (${reason}); the newest messages again:`);
      this.#history(state.messages);
    });
    room.on("typing", ({ user, on }) => {
      if (on) this.#say([user], () => `   ${this.#parts.names.of(user)} is typing…`);
    });
    room.markRead(head);
  }

  /** Does what was typed. Returns whether the conversation goes on. */
  async obey(input: Input): Promise<boolean> {
    const { room, screen, client } = this.#parts;
    switch (input.kind) {
      case "say":
        this.#watch(room.send({ text: input.text }));
        return true;
      case "edit":
        this.#watch(room.edit({ seq: input.seq, text: input.text }));
        return true;
      case "delete":
        this.#watch(room.delete({ seq: input.seq }));
        return true;
      case "react":
        this.#watch(room.react({ seq: input.seq, emoji: input.emoji }));
        return true;
      case "unreact":
        this.#watch(room.unreact({ seq: input.seq, emoji: input.emoji }));
        return true;
      case "who":
        await this.#who();
        return true;
      case "stats":
        screen.print(JSON.stringify(client.stats()));
        return true;
      case "help":
        screen.print(...helpLines);
        return true;
      case "wrong":
        screen.print(`!  ${input.why}`);
        return true;
      case "nothing":
        return true;
      case "quit":
        return false;
    }
    return input satisfies never;
  }

  #happened(event: RoomEvent): void {
    const { room, names } = this.#parts;
    const users = "user" in event ? [event.author, event.user] : [event.author];
    this.#say(users, () => eventLine(event, names.of));
    room.markRead(event.seq);
  }

  #history(messages: readonly MessageView[]): void {
    const { names } = this.#parts;
    for (const message of messages) this.#say([message.author], () => messageLine(message, names.of));
  }

  async #who(): Promise<void> {
    const { room, client, names, screen } = this.#parts;
    const { items } = await room.history({ limit: historyItems });
    const users = [...new Set(items.map(({ author }) => author))];
    await client.presence.watch(users);
    await names.learn(users);
    for (const user of users) {
      screen.print(`   ${names.of(user)}: ${client.presence.of(user)?.status ?? "unknown"}`);
    }
  }

  /** Prints a refusal plainly; a delay only when it lasts. */
  #watch(submission: Submission): void {
    submission.acked.catch((error: unknown) => {
      if (error instanceof Error && error.name === "ParleyError" && "code" in error) {
        this.#note(`!  not done: ${String(error.code)}: ${error.message}`);
      }
    });
  }

  #note(line: string): void {
    this.#say([], () => line);
  }

  #say(users: readonly string[], line: () => string | undefined): void {
    const { names, screen } = this.#parts;
    this.#printed = this.#printed.then(async () => {
      await names.learn(users);
      const text = line();
      if (text !== undefined) screen.print(text);
    });
  }
}
