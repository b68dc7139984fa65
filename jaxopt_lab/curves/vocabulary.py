"""The words of the doctor: which curves it reads, which labels it gives, which remedies it knows."""

CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")

LABELS = (
    "good",
    "overfitting",
    "underfitting",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "diverged",
    "inconclusive",
)

RARE = {"underfitting": 0.3, "inconclusive": 0.3}
"""How common a label is taken to be beforehand, where the others are 1."""

REMEDIES = {
    "stop_early": "stop where the validation loss is lowest",
    "rate_down_3": "divide the learning rate by 3",
    "rate_down_10": "divide the learning rate by 10",
    "rate_up_3": "multiply the learning rate by 3",
    "rate_up_10": "multiply the learning rate by 10",
    "regularise": "add weight decay, dropout or noise on the inputs",
    "smaller_model": "make the network narrower",
    "larger_model": "make the network wider",
    "train_longer": "train twice as long",
    "more_data": "train on more rows",
}
"""What can be done, each with its words, the cheapest first; every one was tried on the engine's own runs."""

AIMED = {
    "overfitting": ("stop_early", "regularise", "smaller_model", "more_data"),
    "underfitting": ("larger_model",),
    "learning_rate_too_high": ("rate_down_3", "rate_down_10"),
    "learning_rate_too_low": ("rate_up_3", "rate_up_10"),
    "diverged": ("rate_down_3", "rate_down_10"),
}
"""What takes away the cause that a label names."""
