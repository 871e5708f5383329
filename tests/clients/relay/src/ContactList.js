import { graphql } from 'relay-runtime';

graphql`
  query ContactListQuery($filter: ContactFilterInput, $orderBy: ContactOrderInput) {
    ...ContactList_query @arguments(filter: $filter, orderBy: $orderBy)
  }
`;

// A list at the root, forwards and backwards.
graphql`
  fragment ContactList_query on Query
  @refetchable(queryName: "ContactListPaginationQuery")
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 50 }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    filter: { type: "ContactFilterInput" }
    orderBy: { type: "ContactOrderInput" }
  ) {
    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy)
      @connection(key: "ContactList_query_contacts", filters: ["filter", "orderBy"]) {
      edges {
        node {
          id
          ...ContactCard_contact
        }
      }
    }
  }
`;
