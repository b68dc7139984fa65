"""What the executed notebooks have to have shown, beyond running through: a small run cannot show it."""

import re
from pathlib import Path

import jupytext

FOLDER = Path(__file__).parents[2] / "notebooks"


def printed(name: str) -> str:
    cells = [cell for cell in jupytext.read(FOLDER / name).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    return "\n".join(output.get("text") or output["data"].get("text/markdown", "") for output in outputs)


def test_the_sweep_was_really_interrupted_and_taken_up_again():
    done, again = (
        int(share)
        for share in re.findall(r"(\d+)% (?:of the chunks were )?done", printed("5_sweeping_your_own_model.ipynb"))
    )
    assert 0 < done < 100
    assert again == 100


def test_the_starts_were_really_spread_over_two_devices():
    assert "2 devices with 5,000 starts each" in printed("6_inside_research_code.ipynb")
