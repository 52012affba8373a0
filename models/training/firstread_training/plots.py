"""ROC and FROC curves as PNG pictures for the cards, in a card's language (`words`: card_words.py). They show what the tables
say, and nothing else."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

INK, COLOURS = "#1d2733", ("#0b62c4", "#c4500b", "#3a7d44", "#7a3ab0")


def axes(words, title, x, y):
    figure, ax = plt.subplots(figsize=(5.2, 4.6), dpi=110)
    ax.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    ax.set_xlabel(x, color=INK), ax.set_ylabel(y, color=INK)
    ax.grid(color="#e3e8ee", linewidth=0.8), ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#9aa7b5")
    ax.tick_params(colors=INK, labelsize=9)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: words.number(f"{value:g}"))
    return figure, ax


def save(figure, path):
    figure.tight_layout()
    # No software name and date inside: the same figures give the same file.
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def roc_points(positive, negative):
    """(1 - specificity, sensitivity) at every threshold, from none flagged to all."""
    cuts = np.unique(np.concatenate([positive, negative]))[::-1]
    at = lambda scores: np.concatenate([[0.0], [float(np.mean(scores >= c)) for c in cuts]])
    return at(np.asarray(negative)), at(np.asarray(positive))


def roc(path, words, title, curves, marks=()):
    """curves: [(name, positive scores, negative scores)]; marks: [(name, 1 - specificity, sensitivity)]."""
    figure, ax = axes(words, title, words("roc x"), words("sensitivity"))
    ax.plot([0, 1], [0, 1], color="#9aa7b5", linewidth=1, linestyle=(0, (4, 4)))
    for colour, (name, positive, negative) in zip(COLOURS, curves):
        ax.plot(*roc_points(positive, negative), color=colour, linewidth=2, label=name, drawstyle="steps-post")
    for name, x, y in marks:
        ax.plot([x], [y], "o", color=INK, markersize=8, markeredgecolor="white", label=name)
    ax.set_xlim(-0.01, 1.01), ax.set_ylim(-0.01, 1.01)
    ax.legend(loc="lower right", fontsize=8.5, frameon=False)
    save(figure, path)


def froc(path, words, title, curves, most=8):
    """curves: [(name, false positives per film, sensitivity)], both ascending."""
    figure, ax = axes(words, title, words("froc x"), words("froc y"))
    for colour, (name, x, y) in zip(COLOURS, curves):
        x, y = np.asarray(x, float), np.asarray(y, float)
        shown = x <= most
        ax.plot(x[shown], y[shown], color=colour, linewidth=2, label=name, drawstyle="steps-post")
    ax.set_xlim(0, most), ax.set_ylim(0, 1.01)
    ax.legend(loc="lower right", fontsize=8.5, frameon=False)
    save(figure, path)
