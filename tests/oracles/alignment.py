"""Needleman–Wunsch as in the textbook, with plain lists."""


def textbook_align(x, y, substitution, deletion, insertion):
    n, m = len(x), len(y)
    table = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        table[i][0] = table[i - 1][0] + deletion[x[i - 1]]
    for j in range(1, m + 1):
        table[0][j] = table[0][j - 1] + insertion[y[j - 1]]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            table[i][j] = max(
                table[i - 1][j - 1] + substitution[x[i - 1]][y[j - 1]],
                table[i - 1][j] + deletion[x[i - 1]],
                table[i][j - 1] + insertion[y[j - 1]],
            )
    columns = []
    i, j = n, m
    while i or j:
        here = table[i][j]
        if i and j and here == table[i - 1][j - 1] + substitution[x[i - 1]][y[j - 1]]:
            i, j = i - 1, j - 1
            columns.append((i, j))
        elif i and here == table[i - 1][j] + deletion[x[i - 1]]:
            i -= 1
            columns.append((i, None))
        else:
            j -= 1
            columns.append((None, j))
    return table[n][m], columns[::-1]


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
