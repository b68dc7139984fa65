import pytest

from jaxopt_lab.cli.values import parse_axes


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1e-4:1:log:5", [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        ("a=0:1:lin:3", [0.0, 0.5, 1.0]),
        ("a=0.5,0.9", [0.5, 0.9]),
        ("a=7", [7]),
        ("a=True,False", [True, False]),
        ("a=(32,),(64, 64)", [(32,), (64, 64)]),
        ("a=relu,tanh", ["relu", "tanh"]),
    ],
)
def test_values(text, values):
    assert parse_axes("--grid", [text]) == {"a": values}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a"], "--grid: got 'a'; write name=value"),
        (["=1"], "--grid: got '=1'"),
        (["a="], "--grid: got 'a='"),
        (["a=1", "a=2"], "a was given twice"),
        (["a=1:2:log"], "--grid a: got '1:2:log'; write a range as first:last:log:count"),
        (["a=1:2:exp:3"], "write a range as"),
        (["a=1:x:log:3"], "write a range as"),
        (["a=0:1:log:3"], "a logarithmic range needs ends of one sign, other than 0"),
        (["a=-1:1:log:3"], "a logarithmic range needs ends of one sign, other than 0"),
        (["a=0:1:lin:9999999999"], "one axis takes at most 10,000,000 values"),
    ],
)
def test_bad_values(texts, message):
    with pytest.raises(ValueError, match=message):
        parse_axes("--grid", texts)
