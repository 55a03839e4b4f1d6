"""Describe a person, change a few things, draw: python examples/edit_a_character.py selfie.jpg me.json avatar.png"""

import sys
from pathlib import Path

import photo2moe


def main(photo: str, character: str, output: str) -> None:
    who = photo2moe.describe(photo2moe.read_image(photo))
    Path(character).write_text(who.to_json(), "utf-8")
    changes = {"hair.colour": "#c8ccd6", "expression.mouth": "smile", "expression.smile": 0.8, "pose.yaw": -15.0}
    photo2moe.write_image(output, photo2moe.draw(who.replace(**changes), size=512))


if __name__ == "__main__":
    main(*sys.argv[1:])
