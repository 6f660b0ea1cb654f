"""Hands one message about people to a broker, as whoever runs it: hand_over.py SOCKET give STATEMENT SIGNATURE... or
hand_over.py SOCKET confirm ID SIGNATURE, all but ID names of files. Prints what the broker answers. Knows nothing of pawl's
own code, and checks nothing: what it is given is meant to be refused."""

import sys

import frames


def main(path, what, first, *signatures):
    texts = [open(name, encoding="utf-8").read() for name in signatures]
    with frames.Conversation(path) as conversation:
        conversation.ask(frames.frame("hello"))
        if what == "give":
            with open(first, encoding="utf-8") as statement:
                body = frames.text(statement.read()) + frames.listed([frames.text(each) for each in texts])
            answer = conversation.ask(frames.frame("give_order", body))
        else:
            answer = conversation.ask(frames.frame("confirm_order", frames.text(first) + frames.text(texts[0])))
    failure = frames.failure_of(answer)
    print(f"{failure[0]}: {failure[1]}" if failure else "taken")


main(*sys.argv[1:])
