"""Turn a selfie into a chibi anime avatar, offline, on an ordinary CPU.

>>> import photo2moe
>>> pipeline = photo2moe.load_pipeline()  # doctest: +SKIP
>>> [avatar] = pipeline(photo2moe.read_image("selfie.jpg"))  # doctest: +SKIP
>>> photo2moe.write_image("avatar.png", avatar.image)  # doctest: +SKIP
"""

from __future__ import annotations

__version__ = "0.1.0"
