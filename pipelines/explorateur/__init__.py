"""A page to look for a figure, draw it, check it and take it away: `observatoire explorer`.

What is asked of the file of an edition is in `requetes`, what is drawn in `dessins`, tables and files in
`tableaux`, the page in `page`, its server in `serveur`. Nothing here computes a figure.
"""
